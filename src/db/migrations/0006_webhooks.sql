-- Who is told when an import ends, and what came of telling them.

-- Where an owner's messages go. `secret` signs them, so it is kept as it is and not as a hash.
create table webhooks (
  owner_id   uuid not null references owners,
  id         uuid not null,
  url        text not null,
  secret     text not null,
  created_at timestamptz not null default now(),
  primary key (owner_id, id)
);

-- A message for one webhook, made in the transaction that ended the import: the queue of the deliverer, and its log.
-- `payload` is the text that is sent, the same in each attempt. `next_attempt_at` is put off by each claim, so that one
-- whose process died is claimed again; `attempts` grows with each claim: a process whose number is old has lost it.
create table webhook_deliveries (
  owner_id        uuid not null,
  id              uuid not null,
  webhook_id      uuid not null,
  -- Null: the message is a test.
  import_id       uuid,
  type            text not null,
  payload         text not null,
  status          text not null default 'waiting' check (status in ('waiting', 'delivered', 'failed')),
  attempts        integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  last_attempt_at timestamptz,
  last_answer     text,
  created_at      timestamptz not null default clock_timestamp(),
  finished_at     timestamptz,
  primary key (owner_id, id),
  foreign key (owner_id, webhook_id) references webhooks on delete cascade
);
create index webhook_deliveries_due on webhook_deliveries (next_attempt_at) where status = 'waiting';
create index webhook_deliveries_newest on webhook_deliveries (owner_id, created_at, id);
create index webhook_deliveries_of_webhook on webhook_deliveries (owner_id, webhook_id);
create index webhook_deliveries_retention on webhook_deliveries (finished_at) where finished_at is not null;
