import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import sql from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import { type Pool, rows } from '../db/pool.js'
import type { Caller } from './owners.js'

/** A new API key: 256 random bits. */
export const generateApiKey = (): string => `intake_${randomBytes(32).toString('base64url')}`

const hash = (secret: string): Buffer => createHash('sha256').update(secret).digest()

/** Makes `secret` an API key of an owner. A key of the same name is replaced. */
export async function setApiKey(pool: Pool, ownerId: string, name: string, secret: string): Promise<void> {
  await pool.query(sql`
    insert into credentials (id, owner_id, name, secret_hash) values (${uuidv7()}, ${ownerId}, ${name}, ${hash(secret)})
    on conflict (owner_id, name) do update set secret_hash = excluded.secret_hash, revoked_at = null`)
}

/** For so long a process may go on with what it knows of a key: a revocation takes effect within seconds (contract 2). */
const CACHE_MS = 2000
const CACHE_SIZE = 10_000

/** Finds out whose a token is. Remembers for two seconds, so that a busy client costs no query a request. */
export class Credentials {
  readonly #pool: Pool
  readonly #known = new Map<string, { readonly caller: Caller | undefined; readonly until: number }>()

  constructor(pool: Pool) {
    this.#pool = pool
  }

  /** The caller that a token belongs to; undefined: nobody. */
  async callerOf(token: string): Promise<Caller | undefined> {
    const key = hash(token)
    const name = key.toString('base64')
    const known = this.#known.get(name)
    if (known && known.until > Date.now()) return known.caller
    const caller = await this.#find(key)
    if (this.#known.size >= CACHE_SIZE) this.#known.clear()
    this.#known.set(name, { caller, until: Date.now() + CACHE_MS })
    return caller
  }

  /** Forgets what is remembered, after a change that the next request should see. */
  forget(): void {
    this.#known.clear()
  }

  async #find(key: Buffer): Promise<Caller | undefined> {
    const found = await rows<{
      secret_hash: Buffer
      owner_id: string
      kind: Caller['kind']
      parent_id: string | null
      page_length: number
    }>(
      this.#pool,
      sql`
        select c.secret_hash, c.owner_id, o.kind, o.parent_id, o.page_length
        from credentials c join owners o on o.id = c.owner_id
        where c.secret_hash = ${key} and c.revoked_at is null`,
    )
    // The index finds by the hash, whose bytes tell nothing of the secret; the comparison is constant-time all the same.
    const row = found.find(({ secret_hash }) => timingSafeEqual(secret_hash, key))
    return (
      row && {
        ownerId: row.owner_id,
        kind: row.kind,
        organizationId: row.parent_id ?? undefined,
        pageLength: row.page_length,
      }
    )
  }
}
