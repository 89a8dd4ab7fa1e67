-- What the report of an import can be filtered by, and its warnings (docs/decisions/0051).

-- `kind` is the id of the kind that is shown, which may be of several record types; `id` is that of the kind among the
-- records of one type, which each of its errors names. Without a code: it is older than these columns.
alter table import_error_kinds
  add column id     uuid not null default gen_random_uuid(),
  add column kind   uuid,
  add column type   text collate "C",
  add column code   text collate "C",
  add column errors bigint not null default 0;
-- Each by itself, as a distributed PostgreSQL wants it.
alter table import_error_kinds drop constraint import_error_kinds_pkey;
alter table import_error_kinds add primary key (owner_id, import_id, id);
alter table import_error_kinds alter column id drop default;

alter table import_errors
  add column kind    uuid,
  -- The record that has the external_ref.
  add column used_by uuid;
create index import_errors_kind on import_errors (owner_id, import_id, kind, line_number, ordinal)
  where kind is not null;

-- What is no error and yet would surprise, one row a kind. Without a type or a field: empty texts.
create table import_warnings (
  owner_id          uuid not null,
  import_id         uuid not null,
  code              text collate "C" not null,
  type              text collate "C" not null,
  field             text collate "C" not null,
  lines             bigint not null,
  first_line_number bigint not null,
  primary key (owner_id, import_id, code, type, field)
);
