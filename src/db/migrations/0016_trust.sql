-- What a person wants to know of an import before it runs, while it runs and afterwards (contract 6).

alter table imports
  -- The file's name, and the name of the credential that it came with.
  add column file_name    text,
  add column created_by   text,
  -- The owner's latest import of a file with the same bytes, when this one was created.
  add column same_file_as uuid,
  -- The dry run that this import runs for real, and the import whose rejected lines its file has corrected.
  add column rehearsal_of uuid,
  add column fixes        uuid,
  -- It stops once more lines than this are rejected; `rejected` says how many are so far.
  add column max_errors   bigint,
  add column rejected     bigint not null default 0,
  -- How many lines have a warning.
  add column warnings     bigint not null default 0,
  -- Not an import, but the job that takes this one back (contract 12).
  add column undo_of      uuid,
  drop constraint imports_on_conflict_check,
  add constraint imports_on_conflict_check check (on_conflict in ('reject', 'skip', 'update', 'patch'));

create index imports_file_sha256 on imports (owner_id, file_sha256, created_at);
create index imports_rehearsal_of on imports (rehearsal_of) where rehearsal_of is not null;
create index imports_fixes on imports (fixes) where fixes is not null;
create index imports_undo_of on imports (undo_of) where undo_of is not null;

-- Of the imported records, those that were there already: changed, or equal as they were.
alter table import_counts
  add column updated   bigint not null default 0,
  add column unchanged bigint not null default 0;

-- The record's type, a stable word for what is wrong, and what stood there. Null: the error is older than these columns.
alter table import_errors
  add column type  text collate "C",
  add column code  text collate "C",
  add column value text collate "C";
