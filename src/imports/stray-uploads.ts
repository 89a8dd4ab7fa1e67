import sql from 'sql-template-tag'
import { type Pool, rows } from '../db/pool.js'
import type { UploadStore } from '../uploads/store.js'

/** Removes files that no import names: a crash came between the file and its row. Only while nobody uploads. */
export async function removeStrayUploads(pool: Pool, store: UploadStore): Promise<void> {
  const keys = await store.keys()
  if (keys.length === 0) return
  const stray = await rows<{ key: string }>(
    pool,
    sql`
      select k.key from unnest(${keys}::text[]) as k(key)
      where not exists (select from imports i where i.upload_store = ${store.id} and i.upload_key = k.key)`,
  )
  for (const { key } of stray) await store.remove(key)
}
