-- Snapshots of features that offerings hold (contract 8).
create table offering_features (
  owner_id      uuid not null,
  holder_id     uuid not null,
  id            uuid not null,
  source_id     uuid,
  created_at    timestamptz not null,
  updated_at    timestamptz not null,
  external_ref  text collate "C",
  name          text collate "C" not null,
  description   text collate "C",
  configuration jsonb not null,
  primary key (owner_id, holder_id, id)
);
create index offering_features_source on offering_features (owner_id, source_id) where source_id is not null;
create index offering_features_external_ref on offering_features (owner_id, ref_key(external_ref))
  where external_ref is not null;

-- What features are filtered by; those of promotions have tags of their own, a list each.
alter table features add column tag text collate "C" generated always as (configuration ->> 'tag') stored;
create index features_tag on features (owner_id, ref_key(tag)) where tag is not null;
