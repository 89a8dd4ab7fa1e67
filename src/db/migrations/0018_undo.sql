-- Taking an import back (contract 12). The job that does it is a row of `imports` whose `undo_of` names the import, so
-- that it waits in the owner's queue, and is claimed, resumed and given up, like any other (docs/decisions/0050).

alter table imports
  -- When an undo of it has ended well.
  add column undone_at       timestamptz,
  -- Of an undo: how far it is.
  add column undo_checkpoint jsonb;

-- An import that was taken back no longer takes its external_ref.
drop index imports_external_ref;
create unique index imports_external_ref on imports (owner_id, ref_key(external_ref))
  where status <> 'failed' and not dry_run and undone_at is null;

-- Of the records that it added or changed: those that its undo has removed, has given their values back, and has left.
alter table import_counts
  add column removed  bigint not null default 0,
  add column restored bigint not null default 0,
  add column kept     bigint not null default 0;

-- The records that an undo has left as they are, and why. Kept as long as the import's report.
create table import_kept (
  owner_id     uuid not null,
  import_id    uuid not null,
  line_number  bigint not null,
  resource     text not null,
  record_id    uuid not null,
  external_ref text collate "C",
  reason       text not null check (reason in ('changed', 'held', 'deleted', 'not_recorded')),
  -- What holds it; `is_own`: whether that belongs to the same owner, and not to one of its stores.
  holder_type  text,
  holder_id    uuid,
  is_own       boolean,
  primary key (owner_id, import_id, line_number)
);

-- The subscriptions to an offering are found by its external_ref, which they have a copy of; those to one without it,
-- by this index.
create index subscriptions_offering_without_ref on subscriptions (owner_id, offering_id) where offering_external_ref is null;

-- What an import did to a record; and the records that an undo has put back to what an earlier import had written.
create index import_changes_record on import_changes (owner_id, record_id, line_number);
create index import_changes_undone on import_changes (owner_id, record_id, undone_at) where undone_at is not null;
