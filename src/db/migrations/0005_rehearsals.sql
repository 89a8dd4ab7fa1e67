-- Rehearsals, what happens to a record that is there already, and what the reports of rejected and imported lines need.

alter table imports
  add column dry_run             boolean not null default false,
  add column on_conflict         text not null default 'reject' check (on_conflict in ('reject', 'skip', 'update')),
  add column skipped_products    bigint not null default 0,
  add column skipped_plans       bigint not null default 0,
  add column skipped_subscribers bigint not null default 0,
  add column skipped_offerings   bigint not null default 0;

-- A rehearsal never takes an external_ref.
drop index imports_external_ref;
create unique index imports_external_ref on imports (owner_id, ref_key(external_ref)) where status <> 'failed' and not dry_run;

-- Where in the file the line begins, in bytes. Null: the error is older than this column.
alter table import_errors add column line_start bigint;

-- How many lines have an error of a kind: those that say the same but for names and numbers. Kept as the errors are
-- added, so that a report of millions can be summed up.
create table import_error_kinds (
  owner_id          uuid not null,
  import_id         uuid not null,
  field             text collate "C" not null,
  error             text collate "C" not null,
  lines             bigint not null,
  first_line_number bigint not null,
  primary key (owner_id, import_id, field, error)
);

-- What a rehearsal would have added, as far as later lines can come across it. Deleted when the rehearsal is over.
create table rehearsed_refs (
  owner_id     uuid not null,
  import_id    uuid not null,
  resource     text not null,
  external_ref text collate "C" not null,
  id           uuid not null,
  primary key (owner_id, import_id, id)
);
create unique index rehearsed_refs_external_ref on rehearsed_refs (owner_id, import_id, resource, ref_key(external_ref));

-- The records that an import found and changed. Those that it added are told by their ids.
create table import_updates (
  owner_id    uuid not null,
  import_id   uuid not null,
  line_number bigint not null,
  resource    text not null,
  record_id   uuid not null,
  primary key (owner_id, import_id, line_number)
);
