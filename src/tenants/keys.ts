import sql from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import { type Pool, rows } from '../db/pool.js'
import { generateApiKey, generateClientSecret, hashOf } from './secrets.js'

export type CredentialKind = 'api_key' | 'client'

/** An API key or a client, without its secret. */
export interface Credential {
  readonly id: string
  readonly kind: CredentialKind
  readonly name: string
  readonly owner: { readonly id: string; readonly kind: 'store' | 'organization'; readonly name: string }
  readonly status: 'active' | 'revoked' | 'disabled'
  readonly created_at: string
  readonly revoked_at: string | null
}

export interface NewCredential {
  readonly id: string
  readonly kind: CredentialKind
  readonly name: string
  /** The secret, which is known only now. */
  readonly secret: string
}

/**
 * Creates an API key or a client for an owner.
 *
 * @param name undefined: one is generated.
 * @returns undefined if the owner already has an active key or client of this name.
 */
export async function createCredential(
  pool: Pool,
  ownerId: string,
  kind: CredentialKind,
  name: string | undefined,
): Promise<NewCredential | undefined> {
  const id = uuidv7()
  const secret = kind === 'api_key' ? generateApiKey() : generateClientSecret()
  const [made] = await rows<{ name: string }>(
    pool,
    sql`
      insert into credentials (id, owner_id, kind, name, secret_hash)
      values (${id}, ${ownerId}, ${kind}, ${name ?? `key ${id.slice(-8)}`}, ${hashOf(secret)})
      on conflict (owner_id, name) where revoked_at is null do nothing
      returning name`,
  )
  return made && { id, kind, name: made.name, secret }
}

/** Keys and clients of one owner or of all, oldest first. */
export async function listCredentials(
  pool: Pool,
  ownerId: string | undefined,
  withRevoked: boolean,
): Promise<Credential[]> {
  return rows<Credential>(
    pool,
    sql`
      select c.id, c.kind, c.name,
        json_build_object('id', o.id, 'kind', o.kind, 'name', o.name) as owner,
        case when c.revoked_at is not null then 'revoked'
             when o.disabled_at is not null then 'disabled'
             else 'active' end as status,
        c.created_at, c.revoked_at
      from credentials c join owners o on o.id = c.owner_id
      where (${ownerId ?? null}::uuid is null or c.owner_id = ${ownerId ?? null})
        and (${withRevoked} or c.revoked_at is null)
      order by c.created_at, c.id`,
  )
}

/**
 * Revokes a key or client, including the client's access tokens. Processes that share a database and an
 * API_KEY each have a row for it: it is one secret, so all are revoked.
 *
 * @returns undefined if there is none with this id.
 */
export async function revokeCredential(
  pool: Pool,
  id: string,
): Promise<{ name: string; kind: CredentialKind } | undefined> {
  const [revoked] = await rows<{ name: string; kind: CredentialKind }>(
    pool,
    sql`
      with same as (
        select c.id from credentials c where c.secret_hash = (select secret_hash from credentials where id = ${id})
      ), revoked as (
        update credentials set revoked_at = now() where id in (select id from same) and revoked_at is null
      )
      select name, kind from credentials where id = ${id}`,
  )
  return revoked
}
