import sql from 'sql-template-tag'
import { type DataDir, keepApiKey, readApiKey } from '../data-dir.js'
import { type Pool, rows } from '../db/pool.js'
import { StartError } from '../start-error.js'
import { setApiKey } from './credentials.js'
import { defaultStore } from './owners.js'
import { generateApiKey, hashOf } from './secrets.js'

/**
 * The default store's API key: the one given, else the one that the data directory keeps, else a new one. A revoked key
 * does not come back with the next start: in place of a kept one there is a new one.
 *
 * @throws StartError if the one given was revoked.
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
  const key = await keepApiKey(dataDir.path, revoked ? generateApiKey() : given, generateApiKey)
  await setApiKey(pool, await defaultStore(pool), `data directory ${dataDir.id}`, key)
  return key
}

async function isRevoked(pool: Pool, secret: string): Promise<boolean> {
  const found = await rows(
    pool,
    sql`select from credentials where secret_hash = ${hashOf(secret)} and revoked_at is not null`,
  )
  return found.length > 0
}
