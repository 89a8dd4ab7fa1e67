import type { Logger } from 'pino'
import sql from 'sql-template-tag'
import { type Client, type Pool, rows } from '../../db/pool.js'
import type { UploadStore } from '../../uploads/store.js'

/**
 * Sets aside files that no import names: a crash came between the file and its row, or the database is a
 * restored one and older than the file. Files that are named again, by a newer backup, are put back. Only
 * while nobody uploads.
 */
export async function sortUploads(pool: Pool, store: UploadStore, logger: Logger): Promise<void> {
  const unknown = await unknownUploads(pool, store.id, await store.keys())
  for (const key of unknown) await store.aside.put(key)
  if (unknown.length > 0)
    logger.warn({ uploads: unknown.length }, 'uploads that no import names were set aside')
  const aside = await store.aside.keys()
  const stillUnknown = new Set(await unknownUploads(pool, store.id, aside))
  const known = aside.filter((key) => !stillUnknown.has(key))
  for (const key of known) await store.aside.takeBack(key)
  if (known.length > 0) logger.warn({ uploads: known.length }, 'uploads that had been set aside are back')
}

/** Those keys of a store's files that no import names. */
export async function unknownUploads(
  db: Pool | Client,
  storeId: string,
  keys: readonly string[],
): Promise<string[]> {
  if (keys.length === 0) return []
  const unknown = await rows<{ key: string }>(
    db,
    sql`
      select k.key from unnest(${keys}::text[]) as k(key)
      where not exists (select from imports i where i.upload_store = ${storeId} and i.upload_key = k.key)`,
  )
  return unknown.map(({ key }) => key)
}
