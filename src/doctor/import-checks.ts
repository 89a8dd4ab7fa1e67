import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import sql from 'sql-template-tag'
import { isAnotherDatabase } from '../data-dir/database.js'
import { type DataDirLayout, uploadKey, uploadName } from '../data-dir/layout.js'
import { type Client, rows } from '../db/pool.js'
import { isClaimable, leaseIsOver, queueHeads } from '../imports/queue/heads.js'
import { type WorkingProcess, workingProcesses } from '../imports/queue/workers.js'
import { namesIn, wasMarked, whyAway } from '../uploads/folder.js'
import type { UploadStores } from '../uploads/stores.js'
import { CONCURRENCY } from '../worker/work.js'
import { statOf } from './data-dir-checks.js'
import { type Finding, ok, problem, some, warning } from './finding.js'
import { checkFilesInS3 } from './s3-checks.js'

/** A worker looks for work every second, and takes over imports without a worker as soon as it sees them. */
const SLOW_SECONDS = 60
/** A chunk takes less than a second; an import without one for this long hangs. */
const SILENT_SECONDS = 600

/** An import, or the undo of one, that has not ended. */
export interface Unfinished {
  /** Of an undo, that of its import. */
  readonly id: string
  readonly status: 'pending' | 'started'
  readonly upload_store: string
  readonly upload_key: string
  /** Whether it is the undo of an import, which reads no file. */
  readonly is_undo: boolean
  /** Whether it is at the head of its owner's queue and waits only for a worker. */
  readonly is_next: boolean
  /** Whether a worker has it, judging by its lease. */
  readonly is_worked: boolean
  /** Attempts since the last progress, including the running one. */
  readonly attempts: number
  /** Since the last progress. */
  readonly silence: number
  /** Since the lease of a dead worker expired; null: there is none. */
  readonly orphaned: number | null
}

/**
 * Checks the imports that have not ended.
 *
 * @param stores those that a service here would have; undefined: none yet.
 * @param layout where the data directory has its uploads.
 * @param isRunning whether a service works on this data directory.
 */
export async function checkImports(
  client: Client,
  stores: UploadStores | undefined,
  layout: DataDirLayout,
  isRunning: boolean,
): Promise<Finding[]> {
  const imports = await rows<Unfinished>(
    client,
    sql`
      with recursive ${queueHeads}
      select coalesce(i.undo_of, i.id) as id, i.undo_of is not null as is_undo, i.status, i.upload_store, i.upload_key, i.attempts + i.claims as attempts,
        extract(epoch from now() - i.updated_at)::double precision as silence,
        case when ${leaseIsOver('i')} then abs(extract(epoch from now() - i.lease_expires_at))::double precision end as orphaned,
        i.lease_expires_at is not null and not ${leaseIsOver('i')} as is_worked,
        h.id is not null and ${isClaimable('i')} as is_next
      from imports i left join heads h on h.id = i.id
      where i.status in ('pending', 'started')
      order by i.created_at, i.id`,
  )
  const { folder, current, isShared: isInS3 = false } = stores ?? {}
  const inStore = (id: string | undefined) => imports.filter(({ upload_store }) => upload_store === id)
  const workers = await findWorkers(client, isRunning)
  const own = inStore(folder?.id)
  const isForAny = ({ is_undo, upload_store }: Unfinished) => is_undo || isShared(upload_store)
  // Those that a process of this data directory can run.
  const runnable = imports.filter((one) => own.includes(one) || isForAny(one))
  return [
    checkWorkers(workers, isRunning),
    isRunning ? queueAtWork(runnable, workers.length) : queueAtRest(own),
    ...(isRunning ? [] : queueOfOthers(imports.filter(isForAny), workers.length)),
    ...(isInS3 && !folder ? [] : [await checkUploads(own, layout, folder?.id)]),
    othersUploads(imports.filter((one) => !runnable.includes(one))),
    ...otherBuckets(imports.filter(({ upload_store: id }) => isShared(id) && !stores?.of(id))),
    ...(isInS3 ? await checkFilesInS3(client, current, inStore(current?.id)) : []),
  ]
}

/** Whether every process can reach a store; the imports of a folder wait for its process. */
const isShared = (storeId: string): boolean => storeId.startsWith('s3:')

/** A service that has just started may not have its worker yet. */
const PATIENCE_MS = 5000
const LOOK_AGAIN_MS = 200

async function findWorkers(client: Client, isRunning: boolean): Promise<WorkingProcess[]> {
  const deadline = Date.now() + (isRunning ? PATIENCE_MS : 0)
  for (;;) {
    const found = await workingProcesses(client)
    if (found.length > 0 || Date.now() >= deadline) return found
    await sleep(LOOK_AGAIN_MS)
  }
}

function checkWorkers(workers: readonly WorkingProcess[], isRunning: boolean): Finding {
  const check = 'workers'
  const [first] = workers
  if (first) {
    const count = workers.length === 1 ? 'One process works' : `${workers.length} processes work`
    return ok(check, `${count} on imports: ${some(workers.map(({ name }) => name))}.`)
  }
  if (!isRunning) return ok(check, 'No process works on imports.')
  return problem(
    check,
    'A service runs here, and no process works on imports.',
    'If it was started with API_ONLY, start a worker; else look in its log for lines of the worker thread.',
  )
}

/** The imports that any process can run, when none runs here. */
function queueOfOthers(imports: readonly Unfinished[], workers: number): Finding[] {
  if (imports.length === 0 || workers > 0) return []
  return [
    warning(
      'imports of any process',
      `${imports.length} waiting, and no process works on imports: ${idsOf(imports)}.`,
      'Start a service; it resumes them where they stopped.',
    ),
  ]
}

const idsOf = (imports: readonly Unfinished[]): string => some(imports.map(({ id }) => id))

function queueAtRest(own: readonly Unfinished[]): Finding {
  if (own.length === 0) return ok('imports', 'None waits.')
  return warning(
    'imports',
    `${own.length} waiting, and no service runs on this data directory: ${idsOf(own)}.`,
    'Start the service; it resumes them where they stopped.',
  )
}

/** @param workers how many processes work on imports */
function queueAtWork(own: readonly Unfinished[], workers: number): Finding {
  const check = 'imports'
  const worked = own.filter(({ is_worked }) => is_worked)
  const orphaned = own.filter(({ is_next, orphaned }) => is_next && (orphaned ?? 0) > SLOW_SECONDS)
  const waitsForWorker = own.filter(
    ({ is_next, orphaned, silence }) => is_next && orphaned === null && silence > SLOW_SECONDS,
  )
  const stuck = [...orphaned, ...(worked.length < CONCURRENCY * Math.max(workers, 1) ? waitsForWorker : [])]
  if (stuck.length > 0) {
    return problem(
      check,
      `The service is running, but nobody works on: ${idsOf(stuck)}.`,
      "Look in the service's log for lines of the worker thread; restarting the service is safe at any time.",
    )
  }
  const silent = worked.filter((one) => one.silence > SILENT_SECONDS)
  if (silent.length > 0) {
    return problem(
      check,
      `No progress for ${Math.floor(SILENT_SECONDS / 60)} minutes in: ${idsOf(silent)}.`,
      'Look for a waiting statement in pg_stat_activity; restarting the service is safe at any time.',
    )
  }
  const troubled = own.filter(({ attempts }) => attempts > 1)
  if (troubled.length > 0) {
    return warning(
      check,
      `Interrupted repeatedly at the same place: ${idsOf(troubled)}.`,
      "The service's log says why, in the lines with this import_id. After 8 faults, or 20 ends of the process, the import fails.",
    )
  }
  const waiting = own.length - worked.length
  return ok(
    check,
    own.length === 0 ? 'None waits.' : `${worked.length} running and ${waiting} waiting for their turn.`,
  )
}

/** Checks that the uploads are those of this database's imports. */
export async function checkDatabaseOfUploads(
  client: Client,
  { path: dataDir, uploads }: DataDirLayout,
): Promise<Finding> {
  const check = 'same database'
  const isEmpty = !(await namesIn(uploads.folder)).some((name) => uploadKey(name) !== undefined)
  if (isEmpty || !(await isAnotherDatabase(client, dataDir)))
    return ok(check, 'The data directory was not used with another one.')
  return problem(
    check,
    `The uploads in ${uploads.folder} belong to another database.`,
    'Set DATABASE_URL to that of the service, or DATA_DIR to another folder. The service does not start like this.',
  )
}

async function checkUploads(
  own: readonly Unfinished[],
  { path: dataDir, identity, uploads: { folder, marker } }: DataDirLayout,
  ownStore: string | undefined,
): Promise<Finding> {
  const id = ownStore?.replace(/^file:/, '')
  const why = id !== undefined && (await wasMarked(dataDir, id)) ? await whyAway(folder, id) : undefined
  if (why === undefined) return await missingUploads(own, folder)
  return problem(
    'uploads',
    `They are away, and imports wait for them: ${why}`,
    `Mount their disk, or put the folder back; the service continues by itself. If it is gone for good, give up its files: mkdir -p -m 700 ${folder} && cp ${identity} ${marker}`,
  )
}

async function missingUploads(own: readonly Unfinished[], uploads: string): Promise<Finding> {
  const missing: Unfinished[] = []
  for (const one of own) {
    if (!(await statOf(join(uploads, uploadName(one.upload_key))))) missing.push(one)
  }
  if (missing.length === 0) return ok('uploads', 'Every import that has not ended has its file.')
  return problem(
    'uploads',
    `The files of these imports are not in ${uploads}: ${idsOf(missing)}.`,
    'Restore them from a backup, under the same names; otherwise the imports fail, and their files have to be posted again.',
  )
}

/** Those that the settings of this command do not name. */
function otherBuckets(others: readonly Unfinished[]): Finding[] {
  if (others.length === 0) return []
  const stores = [...new Set(others.map(({ upload_store }) => upload_store))]
  return [
    warning(
      'other upload stores',
      `The files of these imports are in ${some(stores)}, which UPLOAD_STORE does not name here: ${idsOf(others)}.`,
      'This is fine as long as processes with that UPLOAD_STORE run. If they moved, see "Another bucket" in docs/operations/s3.md.',
    ),
  ]
}

function othersUploads(others: readonly Unfinished[]): Finding {
  const check = 'other data directories'
  if (others.length === 0) return ok(check, 'No import waits for another one.')
  const stores = [...new Set(others.map(({ upload_store }) => upload_store.replace(/^file:/, '')))]
  return warning(
    check,
    `The files of these imports are in other data directories (whose file "id" says ${some(stores)}): ${idsOf(others)}.`,
    'This is fine as long as services run there. If one is gone for good, see "A data directory is lost" in docs/operations/troubleshooting.md.',
  )
}
