import sql from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import { listPage } from '../db/list.js'
import { type Client, type Pool, rows } from '../db/pool.js'
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

/** An active key or client, as its own owner sees it. */
export interface OwnCredential {
  readonly id: string
  readonly kind: CredentialKind
  readonly name: string
  /** The name of the credential that created it; null: the command line. */
  readonly created_by: string | null
  readonly created_at: string
  /** Whether it has the secret of the credential that asks. */
  readonly is_asking: boolean
}

export interface NewCredential {
  readonly id: string
  readonly kind: CredentialKind
  readonly name: string
  /** The secret, which is known only now. */
  readonly secret: string
}

/** How many keys and clients an owner can have that were not revoked. */
export const MAX_CREDENTIALS = 1000

/** Whether an owner has as many as it can have. */
export async function hasMostCredentials(db: Pool | Client, ownerId: string): Promise<boolean> {
  const found = await rows(
    db,
    sql`
      select from credentials where owner_id = ${ownerId} and revoked_at is null
      offset ${MAX_CREDENTIALS - 1} limit 1`,
  )
  return found.length > 0
}

/**
 * Creates an API key or a client for an owner.
 *
 * @param name undefined: one is generated.
 * @param creator the id of the credential that asks for it; undefined: the command line.
 * @returns undefined if the owner already has an active key or client of this name.
 */
export async function createCredential(
  db: Pool | Client,
  ownerId: string,
  kind: CredentialKind,
  name: string | undefined,
  creator?: string,
): Promise<NewCredential | undefined> {
  const id = uuidv7()
  const secret = kind === 'api_key' ? generateApiKey() : generateClientSecret()
  const [made] = await rows<{ name: string }>(
    db,
    sql`
      insert into credentials (id, owner_id, kind, name, secret_hash, created_by)
      values (${id}, ${ownerId}, ${kind}, ${name ?? `key ${id.slice(-8)}`}, ${hashOf(secret)},
        (select name from credentials where id = ${creator ?? null}))
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

/** A page of an owner's active keys and clients, newest first. */
export function pageOfCredentials(
  pool: Pool,
  ownerId: string,
  askingId: string,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<{ total: number; found: OwnCredential[] }> {
  return listPage<OwnCredential>(pool, {
    total: sql`select count(*) from credentials where owner_id = ${ownerId} and revoked_at is null`,
    page: sql`
      select id, kind, name, created_by, created_at,
        secret_hash = (select secret_hash from credentials where id = ${askingId}) as is_asking
      from credentials where owner_id = ${ownerId} and revoked_at is null
      order by created_at desc, id desc
      offset ${offset} limit ${limit}`,
    order: sql`created_at desc, id desc`,
  })
}

/** An owner's active key or client. */
export async function findCredential(
  db: Pool | Client,
  ownerId: string,
  askingId: string,
  id: string,
): Promise<OwnCredential | undefined> {
  const [found] = await rows<OwnCredential>(
    db,
    sql`
      select id, kind, name, created_by, created_at,
        secret_hash = (select secret_hash from credentials where id = ${askingId}) as is_asking
      from credentials where id = ${id} and owner_id = ${ownerId} and revoked_at is null`,
  )
  return found
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
