-- A dry run keeps what it would add in the tables of the records, under the import's id as their owner, where it refers
-- to it like any import does (docs/decisions/0047). It is deleted when the dry run is over, which is noted here.
alter table imports add column dry_run_deleted boolean not null default false;
update imports set dry_run_deleted = true where dry_run and finished_at is not null;
create index imports_dry_run_left on imports (finished_at) where dry_run and not dry_run_deleted;

-- Dry runs that are under way begin again: what they had kept so far was only each record's external_ref.
update import_counts c set imported = 0, skipped = 0
  from imports i where i.id = c.import_id and i.dry_run and i.finished_at is null;
delete from import_errors e using imports i where i.id = e.import_id and i.owner_id = e.owner_id and i.dry_run and i.finished_at is null;
delete from import_error_kinds k using imports i
  where i.id = k.import_id and i.owner_id = k.owner_id and i.dry_run and i.finished_at is null;
update imports set checkpoint_pass = 1, checkpoint_bytes = 0, checkpoint_lines = 0, errors = 0
  where dry_run and finished_at is null;
drop table rehearsed_refs;
