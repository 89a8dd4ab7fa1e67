import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sql from 'sql-template-tag'
import { type Client, type Pool, rows } from '../db/pool.js'
import { StartError } from '../start-error.js'
import type { UploadStore } from '../uploads/store.js'
import { readFileIfThere } from './data-dir.js'

/** In the data directory. What a killed process left of writing it has `.new` as well. */
const FILE = 'database'

/** The files of a data directory belong to imports of another database. */
export class OtherDatabase extends StartError {
  override name = 'OtherDatabase'
}

/**
 * Lets a data directory with uploads be used with the database alone that has their imports: to another one they are strays,
 * which a start sets aside. A database is known by its default store, which a dump takes along.
 *
 * @throws OtherDatabase
 */
export async function requireSameDatabase(pool: Pool, dataDir: string, store: UploadStore): Promise<void> {
  const last = await readFileIfThere(join(dataDir, FILE))
  const current = await defaultStoreOf(pool)
  // Written only where it says something new: on a full disk it could not be.
  if (last === current) return
  if (last !== undefined && (await store.keys()).length > 0) {
    throw new OtherDatabase(
      `The uploads in ${dataDir} belong to another database; with this one they would be lost. Set DATABASE_URL as it was, or DATA_DIR to another folder. ` +
        `If that database is gone for good, remove ${join(dataDir, FILE)}; the next start then sets its uploads aside.`,
    )
  }
  const draft = join(dataDir, `${FILE}.new`)
  await writeFile(draft, `${current}\n`, { mode: 0o600, flush: true })
  await rename(draft, join(dataDir, FILE))
}

/** Whether the data directory was used with another database last. */
export async function isAnotherDatabase(db: Pool | Client, dataDir: string): Promise<boolean> {
  const last = await readFileIfThere(join(dataDir, FILE))
  return last !== undefined && last !== (await defaultStoreOf(db))
}

async function defaultStoreOf(db: Pool | Client): Promise<string | undefined> {
  const [store] = await rows<{ id: string }>(db, sql`select id from owners where is_default`)
  return store?.id
}
