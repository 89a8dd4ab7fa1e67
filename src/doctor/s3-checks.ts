import type { Client } from '../db/pool.js'
import { strayUploads } from '../imports/receive/stray-uploads.js'
import { openS3Store } from '../uploads/s3.js'
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

/** Checks that the bucket answers; needs no database. */
export async function checkBucket(url: string): Promise<Finding> {
  const store = openS3Store({ url, identity: async () => '', emit: () => {} })
  try {
    await store.requireThere()
    return ok('S3', `${url} answers and can be listed.`)
  } catch (error) {
    if (!(error instanceof UploadsAway)) throw error
    return away('S3', error)
  }
}

const away = (check: string, { message }: UploadsAway): Finding =>
  problem(check, message, 'See docs/operations/s3.md. Imports wait until it answers, and go on.')

/** Checks the bucket's files, which are only read; nothing while the bucket is away, as `checkBucket` says. */
export async function checkFilesInS3(
  client: Client,
  store: UploadStore | undefined,
  waiting: readonly Waiting[],
): Promise<Finding[]> {
  if (!store) return []
  let isThere = false
  try {
    await store.requireThere()
    isThere = true
    return [await missingFiles(store, waiting), await strayFiles(client, store)]
  } catch (error) {
    if (!(error instanceof UploadsAway)) throw error
    return isThere ? [away('files in S3', error)] : []
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
  const until = new Date((await store.now()).getTime() - YOUNG_MS)
  for await (const key of strayUploads(client, store, until)) stray.push(key)
  if (stray.length === 0) return ok(check, 'There are none.')
  return warning(
    check,
    `Files in ${store.id} belong to no import: ${some(stray)}.`,
    'Nothing is wrong; the service deletes them after RETENTION_DAYS. If there are many, is this the newest database?',
  )
}
