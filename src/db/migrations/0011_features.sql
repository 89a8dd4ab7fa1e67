-- Features (contract 8): what a subscription gives beside its products.
create table features (
  owner_id      uuid not null,
  id            uuid not null,
  created_at    timestamptz not null,
  updated_at    timestamptz not null,
  external_ref  text collate "C",
  name          text collate "C" not null,
  description   text collate "C",
  configuration jsonb not null,
  primary key (owner_id, id)
);
create unique index features_external_ref on features (owner_id, ref_key(external_ref)) where external_ref is not null;
create index features_name on features (owner_id, ref_key(name));
