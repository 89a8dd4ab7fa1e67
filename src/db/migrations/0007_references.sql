-- An empty external_ref is none (contract 7). The rows that have one keep everything else, their times too: they leave
-- the unique indexes, which hold only what is not null, so nothing can collide.
update products set external_ref = null where external_ref = '';
update plans set external_ref = null where external_ref = '';
update subscribers set external_ref = null where external_ref = '';
update offerings set external_ref = null where external_ref = '';
update offering_products set external_ref = null where external_ref = '';
update offering_plans set external_ref = null where external_ref = '';
update imports set external_ref = null where external_ref = '';
update import_errors set external_ref = null where external_ref = '';
delete from rehearsed_refs where external_ref = '';

-- Offerings are filtered by the external_refs of their plans, as by those of their products (contract 5).
create index offering_plans_external_ref on offering_plans (owner_id, ref_key(external_ref))
  where external_ref is not null;
