-- The journal of an import with on_conflict=update or patch (docs/decisions/0049): one row for each line that counts as
-- imported, also of a dry run. It shows what the line changed, and holds what an undo puts back.
alter table import_updates rename to import_changes;
alter index import_updates_pkey rename to import_changes_pkey;

alter table import_changes
  -- Null: what it changed was not recorded. The row is older than this column, or what was held was too large.
  add column change       text collate "C" check (change in ('created', 'updated', 'unchanged')),
  add column external_ref text collate "C",
  -- The record's `updated_at` before this line (null: it was created) and after it.
  add column seen_at      timestamptz,
  add column written_at   timestamptz,
  -- The columns of the record's row that differ, by name.
  add column before       jsonb,
  add column after        jsonb,
  -- By table of snapshots, the whole rows that the record held before, where they were replaced.
  add column held_before  jsonb,
  -- By attribute, what the lists named before and after, where what is held was replaced.
  add column lists        jsonb,
  -- When an undo put the record back: its `updated_at` then.
  add column undone_at    timestamptz;
