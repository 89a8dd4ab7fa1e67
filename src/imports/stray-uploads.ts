import sql from 'sql-template-tag'
import { type Client, type Pool, rows } from '../db/pool.js'
import type { UploadStore } from '../uploads/store.js'

/** Removes files that no import names: a crash came between the file and its row. Only while nobody uploads. */
export async function removeStrayUploads(pool: Pool, store: UploadStore): Promise<void> {
  const keys = await store.keys()
  for (const key of await unknownUploads(pool, store.id, keys)) await store.remove(key)
}

/** Those of the keys of a store's files that no import names. */
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
