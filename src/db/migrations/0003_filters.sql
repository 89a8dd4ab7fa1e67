-- What lists are filtered by with eq and in (contract 5) has an index, so that a filtered page costs no more in a table of
-- a million rows than in one of a thousand. Texts by ref_key, for they may be longer than an index entry.
create index products_name on products (owner_id, ref_key(name));
create index products_sku on products (owner_id, ref_key(sku)) where sku is not null;
create index plans_name on plans (owner_id, ref_key(name));
create index subscribers_name on subscribers (owner_id, ref_key(name));
create index subscribers_email on subscribers (owner_id, ref_key(email));
create index subscribers_account on subscribers (owner_id, account_id);
create index offerings_name on offerings (owner_id, ref_key(name));
create index offering_products_external_ref on offering_products (owner_id, ref_key(external_ref))
  where external_ref is not null;
