-- OAuth clients and their access tokens; stores that can be disabled; names that tell people apart (contract 2).

-- A store that is disabled: none of its credentials works until it is enabled again.
alter table owners add column disabled_at timestamptz;

-- The command line takes a name in place of an id. Names were never asked for so far, so of equal ones the later get their id.
update owners o set name = o.name || ' ' || o.id
  where exists (select from owners e where e.kind = o.kind and e.name = o.name and e.id < o.id);
create unique index owners_name on owners (kind, name);

-- A credential is an API key, whose secret is itself the bearer token, or an OAuth client, whose secret buys access
-- tokens and is none. A client's `client_id` is the id of its row.
alter table credentials
  add column kind text not null default 'api_key' check (kind in ('api_key', 'client')),
  drop constraint credentials_owner_id_name_key;
-- A name is free again once its credential is revoked.
create unique index credentials_name on credentials (owner_id, name) where revoked_at is null;

-- Access tokens that clients were given, as SHA-256 like the keys. They end with their credential: it is looked at each time.
create table access_tokens (
  secret_hash   bytea primary key,
  credential_id uuid not null references credentials,
  created_at    timestamptz not null default now(),
  expires_at    timestamptz not null
);
-- To delete the expired ones.
create index access_tokens_expiry on access_tokens (expires_at);
