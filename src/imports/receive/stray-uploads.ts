import sql from 'sql-template-tag'
import { type Client, type Pool, rows } from '../../db/pool.js'
import { isAnyId } from '../../db/ref-key.js'
import { UUID_PATTERN } from '../../schema/uuid.js'
import type { UploadStore } from '../../uploads/store.js'

/** How many files the database is asked about at once. */
const ASKED_AT_ONCE = 1000

/**
 * The keys of files written before `before` that no import names: a crash came between the file and its row,
 * or the database is a restored one and older than the file. A younger file may belong to a request that has
 * not ended yet.
 *
 * @param stop ends it after some of them: there may be very many files.
 */
export async function* strayUploads(
  db: Pool | Client,
  store: UploadStore,
  before: Date,
  stop?: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  let keys: string[] = []
  let listed = 0
  for await (const { key, modifiedAt } of store.list()) {
    if (modifiedAt < before) keys.push(key)
    listed += 1
    if (listed % ASKED_AT_ONCE > 0) continue
    yield* await unknownUploads(db, store, keys)
    if (stop?.aborted) return
    keys = []
  }
  yield* await unknownUploads(db, store, keys)
}

/** Removes the files that `strayUploads` finds, and returns how many. */
export async function removeStrayUploads(
  pool: Pool,
  store: UploadStore,
  before: Date,
  stop?: AbortSignal,
): Promise<number> {
  let removed = 0
  for await (const key of strayUploads(pool, store, before, stop)) {
    // A newer database may have been restored since.
    if ((await unknownUploads(pool, store, [key])).length === 0) continue
    await store.remove(key)
    removed += 1
  }
  return removed
}

/** Those keys of a store's files that no import names. */
async function unknownUploads(
  db: Pool | Client,
  store: UploadStore,
  keys: readonly string[],
): Promise<readonly string[]> {
  const left = await notByTheirIds(db, store, keys)
  if (left.length === 0) return []
  const unknown = await rows<{ key: string }>(
    db,
    sql`
      select k.key from unnest(${left}::text[]) as k(key)
      where not exists (select from imports i where i.upload_store = ${store.id} and i.upload_key = k.key)`,
  )
  return unknown.map(({ key }) => key)
}

/** Nearly all keys are the ids of their imports, by which an index finds them; the others take reading all imports. */
async function notByTheirIds(
  db: Pool | Client,
  store: UploadStore,
  keys: readonly string[],
): Promise<readonly string[]> {
  const ids = keys.filter((key) => UUID_PATTERN.test(key))
  if (ids.length === 0) return keys
  const found = await rows<{ key: string }>(
    db,
    sql`
      select i.upload_key as key from imports i
      where ${isAnyId(sql`i.id`, ids)} and i.upload_store = ${store.id} and i.upload_key = i.id::text`,
  )
  const known = new Set(found.map(({ key }) => key))
  return keys.filter((key) => !known.has(key))
}
