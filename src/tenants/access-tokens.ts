import { timingSafeEqual } from 'node:crypto'
import sql from 'sql-template-tag'
import { validate as isUuid } from 'uuid'
import { type Pool, rows } from '../db/pool.js'
import { generateAccessToken, hashOf } from './secrets.js'

/** How long an access token is valid, in seconds (contract 2). */
export const TOKEN_SECONDS = 3600

export interface AccessToken {
  readonly token: string
  /** Seconds since 1970. */
  readonly expires: number
}

/** How many expired tokens are deleted with each new one: more than are added, but never a long statement. */
const DELETED_AT_ONCE = 20

/** A hash that no secret has. */
const NO_HASH = Buffer.alloc(32)

/**
 * The id of a client's credential, if the secret is right; undefined: the client is unknown or revoked, its
 * store is disabled, or the secret is wrong. Timing does not reveal which.
 */
export async function verifyClient(
  pool: Pool,
  clientId: string,
  secret: string,
): Promise<string | undefined> {
  const found = await findClient(pool, clientId)
  const isRight = timingSafeEqual(found?.secret_hash ?? NO_HASH, hashOf(secret))
  return found && isRight ? found.id : undefined
}

/** Issues an access token for a client. */
export async function issueAccessToken(pool: Pool, credentialId: string): Promise<AccessToken> {
  await deleteExpired(pool)
  const token = generateAccessToken()
  const [row] = await rows<{ expires: number }>(
    pool,
    sql`
      insert into access_tokens (secret_hash, credential_id, expires_at)
      values (${hashOf(token)}, ${credentialId}, now() + make_interval(secs => ${TOKEN_SECONDS}))
      returning floor(extract(epoch from expires_at))::bigint as expires`,
  )
  if (!row) throw new Error('The insert of an access token returned no row.')
  return { token, expires: row.expires }
}

/**
 * A client's id is a UUID; anything else is looked up as an id that nothing has, so that it takes the same
 * time.
 */
const NO_ID = '00000000-0000-0000-0000-000000000000'

async function findClient(
  pool: Pool,
  clientId: string,
): Promise<{ id: string; secret_hash: Buffer } | undefined> {
  const [row] = await rows<{ id: string; secret_hash: Buffer }>(
    pool,
    sql`
      select c.id, c.secret_hash
      from credentials c join owners o on o.id = c.owner_id
      where c.id = ${isUuid(clientId) ? clientId : NO_ID} and c.kind = 'client'
        and c.revoked_at is null and o.disabled_at is null`,
  )
  return row
}

/** Deletes the oldest first, skipping rows that another process is deleting. */
async function deleteExpired(pool: Pool): Promise<void> {
  await pool.query(sql`
    delete from access_tokens where secret_hash = any(array(
      select secret_hash from access_tokens where expires_at < now()
      order by expires_at limit ${DELETED_AT_ONCE} for update skip locked))`)
}
