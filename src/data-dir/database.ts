import sql from 'sql-template-tag'
import { type Client, type Pool, rows } from '../db/pool.js'
import { StartError } from '../start-error.js'
import { readFileIfThere, writeWhole } from './files.js'
import { layoutOf } from './layout.js'

/** The files of a data directory belong to imports of another database. */
export class OtherDatabase extends StartError {
  override name = 'OtherDatabase'
}

/** The files of a data directory. */
interface Uploads {
  list(): AsyncIterable<unknown>
}

/**
 * Allows a data directory with uploads to be used only with the database that has their imports: to another
 * one they would be stray files, which are deleted in time. A database is identified by its default store,
 * which a dump includes.
 *
 * @throws OtherDatabase
 */
export async function requireSameDatabase(pool: Pool, dataDir: string, store: Uploads): Promise<void> {
  const { database: file } = layoutOf(dataDir)
  const last = await readFileIfThere(file)
  const current = await defaultStoreOf(pool)
  // Written only if it changes: on a full disk it could not be written.
  if (last === current) return
  if (last !== undefined && (await hasAny(store))) {
    throw new OtherDatabase(
      `The uploads in ${dataDir} belong to another database; with this one they would be lost. Set DATABASE_URL as it was, or DATA_DIR to another folder. ` +
        `If that database is gone for good, remove ${file}; its uploads are then deleted after RETENTION_DAYS.`,
    )
  }
  await writeWhole(file, current ?? '')
}

async function hasAny(store: Uploads): Promise<boolean> {
  for await (const _ of store.list()) return true
  return false
}

/** Whether the data directory was last used with another database. */
export async function isAnotherDatabase(db: Pool | Client, dataDir: string): Promise<boolean> {
  const last = await readFileIfThere(layoutOf(dataDir).database)
  return last !== undefined && last !== (await defaultStoreOf(db))
}

/** Identifies a database; undefined: the service was never started on it. */
export async function defaultStoreOf(db: Pool | Client): Promise<string | undefined> {
  const [store] = await rows<{ id: string }>(db, sql`select id from owners where is_default`)
  return store?.id
}
