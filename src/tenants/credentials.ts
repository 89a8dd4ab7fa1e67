import { timingSafeEqual } from 'node:crypto'
import sql, { type Sql } from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import { type Pool, rows } from '../db/pool.js'
import type { Caller } from './owners.js'
import { hashOf } from './secrets.js'
import { slideSession } from './sessions.js'

/** Makes `secret` an API key of an owner. A key of the same name is replaced. */
export async function setApiKey(pool: Pool, ownerId: string, name: string, secret: string): Promise<void> {
  await pool.query(sql`
    insert into credentials (id, owner_id, name, secret_hash)
    values (${uuidv7()}, ${ownerId}, ${name}, ${hashOf(secret)})
    on conflict (owner_id, name) where revoked_at is null do update set secret_hash = excluded.secret_hash`)
}

/**
 * How long a process caches what it knows about a token: a revocation takes effect within seconds (contract
 * 2).
 */
const CACHE_MS = 2000
const CACHE_SIZE = 10_000

/**
 * Finds out whose a token is. Caches the result for two seconds, so that a busy client does not cost a query
 * per request.
 */
export class Credentials {
  readonly #pool: Pool
  // `until` is by the process's monotonic clock, which nobody can set back.
  readonly #known = new Map<string, { readonly caller: Caller | undefined; until: number }>()

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /**
   * The caller that a token belongs to, an API key or an access token; undefined: nobody.
   *
   * @param admit called before an unknown token is looked up; may throw
   */
  callerOf(token: string, admit: () => Promise<void>): Promise<Caller | undefined> {
    return this.#callerOf('token', token, admit)
  }

  /** The caller that a session belongs to, by the session's secret, which is not a token. */
  callerOfSession(secret: string, admit: () => Promise<void>): Promise<Caller | undefined> {
    return this.#callerOf('session', secret, admit)
  }

  async #callerOf(
    what: 'token' | 'session',
    secret: string,
    admit: () => Promise<void>,
  ): Promise<Caller | undefined> {
    const key = hashOf(secret)
    const name = `${what} ${key.toString('base64')}`
    const known = this.#known.get(name)
    if (!known?.caller) await admit()
    if (known && known.until > performance.now()) return known.caller
    if (what === 'session') await slideSession(this.#pool, key)
    const found = await find(this.#pool, what === 'token' ? tokens(key) : sessions(key), key)
    if (this.#known.size >= CACHE_SIZE) this.#known.clear()
    const ms = Math.min(CACHE_MS, found?.msLeft ?? CACHE_MS)
    this.#known.set(name, { caller: found?.caller, until: performance.now() + ms })
    return found?.caller
  }

  /** Forgets all tokens, after a change that the next request should see. */
  forget(): void {
    for (const known of this.#known.values()) known.until = 0
  }
}

interface Found {
  readonly caller: Caller
  /** Until it expires; null: never. */
  readonly msLeft: number | null
}

/** API keys and access tokens with this hash that are valid. A client's secret is not a token. */
const tokens = (key: Buffer): Sql => sql`
  select c.id as credential_id, c.name, c.secret_hash, c.owner_id, null::double precision as ms_left
  from credentials c
  where c.secret_hash = ${key} and c.kind = 'api_key' and c.revoked_at is null
  union all
  select c.id, c.name, a.secret_hash, c.owner_id, (extract(epoch from a.expires_at - now()) * 1000)::double precision
  from access_tokens a join credentials c on c.id = a.credential_id
  where a.secret_hash = ${key} and a.expires_at > now() and c.revoked_at is null`

/** Sessions with this hash that are open. */
const sessions = (key: Buffer): Sql => sql`
  select c.id as credential_id, c.name, s.secret_hash, c.owner_id,
    (extract(epoch from s.expires_at - now()) * 1000)::double precision as ms_left
  from sessions s join credentials c on c.id = s.credential_id and c.secret_hash = s.credential_hash
  where s.secret_hash = ${key} and s.expires_at > now() and c.revoked_at is null`

/** Does not find what is revoked, expired or of a disabled store. */
async function find(pool: Pool, valid: Sql, key: Buffer): Promise<Found | undefined> {
  const found = await rows<{
    credential_id: string
    name: string
    secret_hash: Buffer
    ms_left: number | null
    owner_id: string
    kind: Caller['kind']
    parent_id: string | null
    page_length: number
  }>(
    pool,
    sql`
      select t.credential_id, t.name, t.secret_hash, t.ms_left, t.owner_id, o.kind, o.parent_id, o.page_length
      from (${valid}) t join owners o on o.id = t.owner_id
      where o.disabled_at is null`,
  )
  // The index finds by the hash, whose bytes reveal nothing about the secret; the comparison is still
  // constant-time.
  const row = found.find(({ secret_hash }) => timingSafeEqual(secret_hash, key))
  return (
    row && {
      msLeft: row.ms_left,
      caller: {
        credentialId: row.credential_id,
        credentialName: row.name,
        ownerId: row.owner_id,
        kind: row.kind,
        organizationId: row.parent_id ?? undefined,
        pageLength: row.page_length,
      },
    }
  )
}
