-- Several processes over one database (docs/decisions/0056, 0057).

-- The process that claimed it last, by its data directory's identity: when that process starts again, nobody
-- runs what it had claimed.
alter table imports add column claimed_by text;

-- The counts of rate limits that processes share, as rate-limiter-flexible keeps them. They are worth nothing
-- after a crash of the server, so they are not in its log.
create unlogged table rate_limits (
  key    varchar(255) primary key,
  points integer not null default 0,
  -- In ms since 1970.
  expire bigint
);
