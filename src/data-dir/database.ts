import sql from 'sql-template-tag'
import { type Client, type Pool, rows } from '../db/pool.js'
import { StartError } from '../start-error.js'
import type { UploadStore } from '../uploads/store.js'
import { readFileIfThere, writeWhole } from './files.js'
import { layoutOf } from './layout.js'

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
  const { database: file } = layoutOf(dataDir)
  const last = await readFileIfThere(file)
  const current = await defaultStoreOf(pool)
  // Written only where it says something new: on a full disk it could not be.
  if (last === current) return
  if (last !== undefined && (await store.keys()).length > 0) {
    throw new OtherDatabase(
      `The uploads in ${dataDir} belong to another database; with this one they would be lost. Set DATABASE_URL as it was, or DATA_DIR to another folder. ` +
        `If that database is gone for good, remove ${file}; the next start then sets its uploads aside.`,
    )
  }
  await writeWhole(file, current ?? '')
}

/** Whether the data directory was used with another database last. */
export async function isAnotherDatabase(db: Pool | Client, dataDir: string): Promise<boolean> {
  const last = await readFileIfThere(layoutOf(dataDir).database)
  return last !== undefined && last !== (await defaultStoreOf(db))
}

async function defaultStoreOf(db: Pool | Client): Promise<string | undefined> {
  const [store] = await rows<{ id: string }>(db, sql`select id from owners where is_default`)
  return store?.id
}
