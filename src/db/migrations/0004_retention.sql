-- Retention: some time after its end an import's report is no longer answered (`expired_at`). Its errors and its file are
-- deleted some time after that, the file by the process that has it. The import itself stays.
alter table imports
  add column expired_at        timestamptz,
  add column errors_deleted_at timestamptz,
  add column upload_deleted_at timestamptz;
create index imports_retention on imports (finished_at)
  where finished_at is not null and (errors_deleted_at is null or upload_deleted_at is null);
