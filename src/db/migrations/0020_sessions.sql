-- Sessions of the console, who created a key (contract 2), and webhooks that were added with one.

-- A session is a browser's, opened with a credential. As with keys, only the SHA-256 of its secret is stored.
create table sessions (
  secret_hash     bytea primary key,
  credential_id   uuid not null references credentials,
  -- The credential's secret when the session was opened: a session ends when its key is replaced by another one, too.
  credential_hash bytea not null,
  created_at      timestamptz not null default now(),
  -- Moved on by requests.
  expires_at      timestamptz not null,
  -- When it ends however it is used: with the access token that it was opened with. Null: never by itself.
  ends_at         timestamptz
);
-- To delete the expired ones.
create index sessions_expiry on sessions (expires_at);

-- The name of the credential that created this one over HTTP, so that whoever finds a leaked key sees what else it
-- brought into being. Null: the command line, or before this column.
alter table credentials add column created_by text;

-- Whether messages go to public addresses alone, whatever the service allows: so it is for webhooks that were added over
-- HTTP, since whoever has a key must not reach into the operator's network.
alter table webhooks add column is_public_only boolean not null default false;
