-- What somebody would create for these records by hand: the columns, keys and indexes that the service's own
-- tables had when this was written. The service's may change; what is compared with it stays.

create schema peer;
set search_path = peer;

create table products (
  owner_id           uuid not null,
  id                 uuid not null,
  created_at         timestamptz not null,
  updated_at         timestamptz not null,
  external_ref       text,
  name               text not null,
  description        text,
  sku                text,
  main_image         text,
  price              jsonb,
  price_units_unit   text,
  price_units_amount bigint,
  primary key (owner_id, id)
);
create unique index on products (owner_id, external_ref);
create index on products (owner_id, name);
create index on products (owner_id, sku) where sku is not null;

create table plans (
  owner_id              uuid not null,
  id                    uuid not null,
  created_at            timestamptz not null,
  updated_at            timestamptz not null,
  external_ref          text,
  name                  text not null,
  description           text,
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
create unique index on plans (owner_id, external_ref);
create index on plans (owner_id, name);

create table subscribers (
  owner_id          uuid not null,
  id                uuid not null,
  created_at        timestamptz not null,
  updated_at        timestamptz not null,
  external_ref      text,
  account_id        uuid not null,
  name              text not null,
  email             text not null,
  payment_authority jsonb,
  primary key (owner_id, id)
);
create unique index on subscribers (owner_id, external_ref);
create index on subscribers (owner_id, account_id);
create index on subscribers (owner_id, email);
create index on subscribers (owner_id, name);

create table offerings (
  owner_id     uuid not null,
  id           uuid not null,
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  external_ref text,
  name         text not null,
  description  text,
  primary key (owner_id, id)
);
create unique index on offerings (owner_id, external_ref);
create index on offerings (owner_id, name);

-- The copies that an offering holds.
create table offering_products (
  owner_id           uuid not null,
  holder_id          uuid not null,
  id                 uuid not null,
  source_id          uuid,
  created_at         timestamptz not null,
  updated_at         timestamptz not null,
  external_ref       text,
  name               text not null,
  description        text,
  sku                text,
  main_image         text,
  price              jsonb,
  price_units_unit   text,
  price_units_amount bigint,
  primary key (owner_id, holder_id, id)
);
create index on offering_products (owner_id, external_ref) where external_ref is not null;
create index on offering_products (owner_id, source_id) where source_id is not null;

create table offering_plans (
  owner_id              uuid not null,
  holder_id             uuid not null,
  id                    uuid not null,
  source_id             uuid,
  created_at            timestamptz not null,
  updated_at            timestamptz not null,
  external_ref          text,
  name                  text not null,
  description           text,
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
  primary key (owner_id, holder_id, id)
);
create index on offering_plans (owner_id, external_ref) where external_ref is not null;
create index on offering_plans (owner_id, source_id) where source_id is not null;

create table errors (
  type    text not null,
  line    bigint not null,
  problem text not null
);
