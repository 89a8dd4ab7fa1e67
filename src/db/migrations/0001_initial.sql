-- The first tables. Four rules hold for all of them:
--   * `owner_id` leads every key of a record's table: a statement names its owner, and a distributed PostgreSQL can
--     distribute by it.
--   * Texts are compared by code point (collation "C"): the same on every server, and the fastest.
--   * A record's id is a UUID of version 7 whose milliseconds are those of `created_at`. So the primary key read
--     backwards is "newest first", and no further index is needed for lists (docs/decisions/0005).
--   * The record tables have no foreign keys: an owner is never deleted while the service runs, and the check would
--     cost each row of an import its own look-up (docs/decisions/0006).

-- The part of an external_ref that indexes hold. A B-tree entry has room for some 2,700 bytes, an external_ref may have
-- 8,192. So a long one is represented by its beginning and its MD5, and a query compares the text itself as well.
-- One that itself has the character that joins the two is treated as a long one, so that no text is the key of another.
-- Not "strict": PostgreSQL would then call it row by row instead of writing it into the statement.
create function ref_key(ref text) returns text
  language sql immutable parallel safe
  return case when octet_length(ref) <= 1000 and strpos(ref, chr(1)) = 0 then ref
              else left(ref, 200) || chr(1) || md5(ref) end;

-- Stores and organizations (contract 2).
create table owners (
  id          uuid primary key,
  kind        text not null check (kind in ('store', 'organization')),
  name        text not null,
  parent_id   uuid references owners,
  page_length integer not null default 25 check (page_length between 1 and 100),
  is_default  boolean not null default false,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  check (parent_id is null or kind = 'store')
);
create unique index owners_one_default on owners (is_default) where is_default;

-- API keys, as SHA-256 of the secret: the secrets are long and random, so a slow hash would protect nothing.
create table credentials (
  id          uuid primary key,
  owner_id    uuid not null references owners,
  name        text not null,
  secret_hash bytea not null,
  created_at  timestamptz not null default now(),
  revoked_at  timestamptz,
  unique (owner_id, name)
);
create index credentials_secret on credentials (secret_hash);

-- How many rows an owner has in a table, kept in the transactions that add and remove them: a list's total must not
-- cost more as the table grows (contract 4).
create table totals (
  owner_id uuid not null,
  resource text not null,
  total    bigint not null,
  primary key (owner_id, resource)
);

-- Imports, which are at the same time the job queue (contract 6).
create table imports (
  id                   uuid primary key,
  owner_id             uuid not null references owners,
  external_ref         text collate "C",
  status               text not null default 'pending' check (status in ('pending', 'started', 'success', 'failed')),
  created_at           timestamptz not null default clock_timestamp(),
  updated_at           timestamptz not null default clock_timestamp(),
  started_at           timestamptz,
  finished_at          timestamptz,

  uploaded_products    bigint not null default 0,
  uploaded_plans       bigint not null default 0,
  uploaded_subscribers bigint not null default 0,
  uploaded_offerings   bigint not null default 0,
  imported_products    bigint not null default 0,
  imported_plans       bigint not null default 0,
  imported_subscribers bigint not null default 0,
  imported_offerings   bigint not null default 0,
  errors               bigint not null default 0,

  -- The file: which store has it, its name there, and what it is.
  upload_store         text not null,
  upload_key           text not null,
  file_bytes           bigint not null,
  file_lines           bigint not null,
  file_sha256          bytea not null,
  -- The limit that its lines were checked against when it came.
  max_line_bytes       integer not null,

  -- How far the job is: the pass, and in it the byte and the line up to which everything is committed.
  checkpoint_pass      integer not null default 1,
  checkpoint_bytes     bigint not null default 0,
  checkpoint_lines     bigint not null default 0,

  -- Who works on it. `fence` grows with every claim: a worker whose number is old has lost its lease.
  fence                bigint not null default 0,
  lease_expires_at     timestamptz,
  attempts             integer not null default 0,
  retry_at             timestamptz,

  failure_reason       text,
  failure_detail       text
);
create unique index imports_external_ref on imports (owner_id, ref_key(external_ref)) where status <> 'failed';
create unique index imports_one_started on imports (owner_id) where status = 'started';
create index imports_queue on imports (owner_id, created_at, id) where status in ('pending', 'started');
create index imports_newest on imports (owner_id, created_at, id);
create index imports_by_external_ref on imports (owner_id, ref_key(external_ref)) where external_ref is not null;

-- What is wrong with which line. `ordinal` counts the problems of a line from 0.
create table import_errors (
  owner_id     uuid not null,
  import_id    uuid not null,
  line_number  bigint not null,
  ordinal      integer not null,
  field        text not null,
  error        text not null,
  external_ref text collate "C",
  created_at   timestamptz not null,
  primary key (owner_id, import_id, line_number, ordinal)
);

create table products (
  owner_id           uuid not null,
  id                 uuid not null,
  created_at         timestamptz not null,
  updated_at         timestamptz not null,
  external_ref       text collate "C",
  name               text collate "C" not null,
  description        text collate "C",
  sku                text collate "C",
  main_image         text collate "C",
  price              jsonb,
  price_units_unit   text,
  price_units_amount bigint,
  primary key (owner_id, id)
);
create unique index products_external_ref on products (owner_id, ref_key(external_ref)) where external_ref is not null;

create table plans (
  owner_id              uuid not null,
  id                    uuid not null,
  created_at            timestamptz not null,
  updated_at            timestamptz not null,
  external_ref          text collate "C",
  name                  text collate "C" not null,
  description           text collate "C",
  billing_interval_type text not null,
  billing_frequency     bigint not null,
  plan_length           bigint not null,
  trial_period          bigint,
  end_behavior          text not null,
  can_pause             boolean not null,
  can_resume            boolean not null,
  can_cancel            boolean not null,
  base_price_percentage double precision,
  fixed_price           jsonb,
  primary key (owner_id, id)
);
create unique index plans_external_ref on plans (owner_id, ref_key(external_ref)) where external_ref is not null;

create table subscribers (
  owner_id     uuid not null,
  id           uuid not null,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  external_ref text collate "C",
  account_id   uuid not null,
  name         text collate "C" not null,
  email        text collate "C" not null,
  primary key (owner_id, id)
);
create unique index subscribers_external_ref on subscribers (owner_id, ref_key(external_ref)) where external_ref is not null;

create table offerings (
  owner_id     uuid not null,
  id           uuid not null,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  external_ref text collate "C",
  name         text collate "C" not null,
  description  text collate "C",
  primary key (owner_id, id)
);
create unique index offerings_external_ref on offerings (owner_id, ref_key(external_ref)) where external_ref is not null;

-- Snapshots: what an offering was built from, as it was then. `source_id` is the original's id, null where the product
-- or plan was made within the offering.
create table offering_products (
  owner_id           uuid not null,
  offering_id        uuid not null,
  id                 uuid not null,
  source_id          uuid,
  created_at         timestamptz not null,
  updated_at         timestamptz not null,
  external_ref       text collate "C",
  name               text collate "C" not null,
  description        text collate "C",
  sku                text collate "C",
  main_image         text collate "C",
  price              jsonb,
  price_units_unit   text,
  price_units_amount bigint,
  primary key (owner_id, offering_id, id)
);
create index offering_products_source on offering_products (owner_id, source_id) where source_id is not null;

create table offering_plans (
  owner_id              uuid not null,
  offering_id           uuid not null,
  id                    uuid not null,
  source_id             uuid,
  created_at            timestamptz not null,
  updated_at            timestamptz not null,
  external_ref          text collate "C",
  name                  text collate "C" not null,
  description           text collate "C",
  billing_interval_type text not null,
  billing_frequency     bigint not null,
  plan_length           bigint not null,
  trial_period          bigint,
  end_behavior          text not null,
  can_pause             boolean not null,
  can_resume            boolean not null,
  can_cancel            boolean not null,
  base_price_percentage double precision,
  fixed_price           jsonb,
  primary key (owner_id, offering_id, id)
);
create index offering_plans_source on offering_plans (owner_id, source_id) where source_id is not null;
