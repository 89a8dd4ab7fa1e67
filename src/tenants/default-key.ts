import sql from 'sql-template-tag'
import { keepApiKey, readApiKey } from '../data-dir/api-key.js'
import type { DataDir } from '../data-dir/data-dir.js'
import { type Pool, rows } from '../db/pool.js'
import { StartError } from '../start-error.js'
import { setApiKey } from './credentials.js'
import { defaultStore } from './owners.js'
import { generateApiKey, hashOf } from './secrets.js'

/**
 * The default store's API key: the one given, or else the one stored in the data directory, or else a new
 * one. A revoked key does not come back with the next start: a stored one is replaced by a new one.
 *
 * @throws StartError if the one given was revoked, or is another owner's.
 */
export async function defaultApiKey(
  pool: Pool,
  dataDir: DataDir,
  given: string | undefined,
): Promise<string> {
  const known = given ?? (await readApiKey(dataDir.path))
  const revoked = known !== undefined && (await isRevoked(pool, known))
  if (revoked && given !== undefined) {
    throw new StartError('The key in API_KEY was revoked. Set API_KEY to another one, or unset it.')
  }
  const store = await defaultStore(pool)
  if (known !== undefined && !revoked && (await isAnothers(pool, store, known))) {
    throw new StartError(
      `The key ${given === undefined ? `in ${dataDir.path}` : 'in API_KEY'} belongs to another store or organization. ` +
        'A key identifies its owner, so the default store needs its own.',
    )
  }
  const key = await keepApiKey(dataDir.path, revoked ? generateApiKey() : given, generateApiKey)
  await setApiKey(pool, store, `data directory ${dataDir.id}`, key)
  return key
}

/**
 * The key as known without the database, which may later turn out to be revoked: the one given, or else the
 * one stored in the data directory, or else a new one, which is stored there.
 */
export const expectedApiKey = async (dataDir: DataDir, given: string | undefined): Promise<string> =>
  given ?? keepApiKey(dataDir.path, undefined, generateApiKey)

async function isAnothers(pool: Pool, ownerId: string, secret: string): Promise<boolean> {
  const found = await rows(
    pool,
    sql`
      select from credentials
      where secret_hash = ${hashOf(secret)} and owner_id <> ${ownerId} and revoked_at is null`,
  )
  return found.length > 0
}

async function isRevoked(pool: Pool, secret: string): Promise<boolean> {
  const found = await rows(
    pool,
    sql`select from credentials where secret_hash = ${hashOf(secret)} and revoked_at is not null`,
  )
  return found.length > 0
}
