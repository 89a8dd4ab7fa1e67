import type { Client } from '../db/pool.js'
import { strayUploads } from '../imports/receive/stray-uploads.js'
import { UploadMissing, type UploadStore, UploadsAway } from '../uploads/store.js'
import { type Finding, ok, problem, some, warning } from './finding.js'

/** An import whose file should be in S3. */
interface Waiting {
  readonly id: string
  readonly upload_key: string
}

/** A file exists moments before its import does. */
const YOUNG_MS = 60 * 60 * 1000
/** How many files are looked for at once. */
const AT_ONCE = 16
const CHECK = 'S3'

/** Checks that the bucket answers, and has the files of the imports that wait; it is only read. */
export async function checkS3(
  client: Client,
  store: UploadStore | undefined,
  waiting: readonly Waiting[],
): Promise<Finding[]> {
  if (!store) return []
  try {
    await store.requireThere()
    return [
      ok(CHECK, `${store.id} answers and can be listed.`),
      await missingFiles(store, waiting),
      await strayFiles(client, store),
    ]
  } catch (error) {
    if (!(error instanceof UploadsAway)) throw error
    return [
      problem(CHECK, error.message, 'See docs/operations/s3.md. Imports wait until it answers, and go on.'),
    ]
  }
}

async function missingFiles(store: UploadStore, waiting: readonly Waiting[]): Promise<Finding> {
  const missing: string[] = []
  for (let at = 0; at < waiting.length; at += AT_ONCE) {
    const some = waiting.slice(at, at + AT_ONCE)
    const there = await Promise.all(some.map(({ upload_key }) => isThere(store, upload_key)))
    missing.push(...some.filter((_, index) => !there[index]).map(({ id }) => id))
  }
  const check = 'files in S3'
  if (missing.length === 0) return ok(check, 'Every import that has not ended has its file.')
  return problem(
    check,
    `The files of these imports are not in ${store.id}: ${some(missing)}.`,
    'Restore them, if the bucket keeps versions; otherwise the imports fail, and their files have to be posted again.',
  )
}

async function isThere(store: UploadStore, key: string): Promise<boolean> {
  try {
    await (await store.open(key)).close()
    return true
  } catch (error) {
    if (error instanceof UploadMissing) return false
    throw error
  }
}

async function strayFiles(client: Client, store: UploadStore): Promise<Finding> {
  const check = 'stray files in S3'
  const stray: string[] = []
  for await (const key of strayUploads(client, store, new Date(Date.now() - YOUNG_MS))) stray.push(key)
  if (stray.length === 0) return ok(check, 'There are none.')
  return warning(
    check,
    `Files in ${store.id} belong to no import: ${some(stray)}.`,
    'Nothing is wrong; the service deletes them after RETENTION_DAYS. If there are many, is this the newest database?',
  )
}
