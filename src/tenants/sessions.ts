import sql from 'sql-template-tag'
import { type Client, type Pool, rows } from '../db/pool.js'
import { generateSessionSecret, hashOf } from './secrets.js'

/** A session ends when it has not been used for so many seconds (contract 2). */
export const SESSION_IDLE_SECONDS = 3600

/** Its end is moved on by the first request after this time, so that a busy one does not cost a write each. */
const SLIDE_SECONDS = 60

/** How many expired sessions are deleted with each new one: more than are added, but never a long statement. */
const DELETED_AT_ONCE = 20

/**
 * Opens a session for the credential of a token. One that is opened with an access token ends with it.
 *
 * @returns its secret, which is known only now.
 */
export async function openSession(pool: Pool, credentialId: string, token: string): Promise<string> {
  await deleteExpired(pool)
  const secret = generateSessionSecret()
  await pool.query(sql`
    insert into sessions (secret_hash, credential_id, credential_hash, expires_at, ends_at)
    select ${hashOf(secret)}, c.id, c.secret_hash,
      least(now() + make_interval(secs => ${SESSION_IDLE_SECONDS}), t.expires_at), t.expires_at
    from credentials c left join access_tokens t on t.secret_hash = ${hashOf(token)}
    where c.id = ${credentialId}`)
  return secret
}

export async function endSession(pool: Pool | Client, secret: string): Promise<void> {
  await pool.query(sql`delete from sessions where secret_hash = ${hashOf(secret)}`)
}

/** Moves the end of a session on, if it is still open and this was not done within the last minute. */
export async function slideSession(pool: Pool, key: Buffer): Promise<void> {
  await rows(
    pool,
    sql`
      update sessions
      set expires_at = least(now() + make_interval(secs => ${SESSION_IDLE_SECONDS}), ends_at)
      where secret_hash = ${key} and expires_at > now()
        and expires_at < least(now() + make_interval(secs => ${SESSION_IDLE_SECONDS - SLIDE_SECONDS}), ends_at)`,
  )
}

/** Deletes the oldest first, skipping rows that another process is deleting. */
async function deleteExpired(pool: Pool): Promise<void> {
  await pool.query(sql`
    delete from sessions where secret_hash = any(array(
      select secret_hash from sessions where expires_at < now()
      order by expires_at limit ${DELETED_AT_ONCE} for update skip locked))`)
}
