import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import sql from 'sql-template-tag'
import { deleteInBatches } from '../db/batches.js'
import { type Pool, rows, transaction } from '../db/pool.js'
import { removeStrayUploads } from '../imports/receive/stray-uploads.js'
import { forgetDryRun, leftDryRuns } from '../imports/work/dry-run.js'
import type { UploadStore } from '../uploads/store.js'
import type { UploadStores } from '../uploads/stores.js'
import { deleteOldDeliveries } from '../webhooks/deliveries.js'
import type { WorkerEvent } from './events.js'

export interface RetentionContext {
  readonly pool: Pool
  readonly stores: UploadStores
  readonly logger: Logger
  /** Receives what was done, to be counted. */
  readonly emit: (event: WorkerEvent) => void
}

/** How often to look for what has expired. */
const SWEEP_MS = 10 * 60_000

/** How often to look for what nobody needs in the stores: each file there is looked at. */
const TIDY_MS = 60 * 60_000

/** An upload that nothing was added to for this long has ended. */
const DAY_MS = 24 * 60 * 60_000

/** How much time a reader who started before a report expired has to finish it. */
const GRACE_MINUTES = 60

/** Steps are small, so that nothing else waits for them. */
const STEP_IMPORTS = 100
const STEP_UPLOADS = 10
const STEP_ROWS = 5000
const STEP_DELIVERIES = 1000
const PAUSE_MS = 50

/**
 * Deletes the uploads and the errors of imports that ended more than `days` ago, deliveries to webhooks that
 * finished by then, and uploads that nobody needs, until `stop` is signalled. What failed is retried the next
 * time. Several processes may do so at once.
 *
 * @param days 0: they are kept forever.
 */
export async function retain(context: RetentionContext, days: number, stop: AbortSignal): Promise<void> {
  const attempt = (work: () => Promise<void>) =>
    work().catch((error: unknown) =>
      context.logger.warn({ err: error }, 'what has expired could not be deleted; trying again'),
    )
  const tidyAt = new Map<UploadStore, number>()
  while (!stop.aborted) {
    await attempt(() => deleteReports(context, days, stop))
    // One that is away does not keep the others from being cleared.
    for (const store of context.stores.all) {
      await attempt(async () => {
        await deleteUploads(context, store, stop)
        if (performance.now() < (tidyAt.get(store) ?? 0)) return
        await tidy(context, store, days, stop)
        tidyAt.set(store, performance.now() + TIDY_MS)
      })
    }
    await sleep(SWEEP_MS, undefined, { signal: stop }).catch(() => {})
  }
}

/** What is in the database, which all processes clear together. */
async function deleteReports(context: RetentionContext, days: number, stop: AbortSignal): Promise<void> {
  if (days > 0) await expireReports(context, days, stop)
  if (days > 0) await deleteDeliveries(context, days, stop)
  await deleteErrors(context, stop)
  // A crash may have come between a dry run's end and this.
  for (const one of await leftDryRuns(context.pool)) await forgetDryRun(context.pool, one, stop)
}

/** First makes the reports unavailable, so that none is ever seen with a part missing. */
async function expireReports(
  { pool, logger }: RetentionContext,
  days: number,
  stop: AbortSignal,
): Promise<void> {
  await inSteps(stop, async () => {
    const expired = await rows<{ id: string }>(
      pool,
      sql`
        with due as (
          select id from imports
          where finished_at < now() - make_interval(days => ${days}) and expired_at is null
            and (errors_deleted_at is null or upload_deleted_at is null)
            -- An undo needs what was noted for it.
            and not exists (select from imports u where u.undo_of = imports.id and u.finished_at is null)
          order by finished_at
          limit ${STEP_IMPORTS}
          for update skip locked
        )
        update imports i set expired_at = now() from due where i.id = due.id
        returning i.id`,
    )
    for (const { id } of expired) logger.info({ import_id: id }, 'report expired')
    return expired.length === STEP_IMPORTS
  })
}

async function deleteErrors({ pool, logger, emit }: RetentionContext, stop: AbortSignal): Promise<void> {
  await inSteps(stop, async () => {
    const due = await claimExpired(pool)
    if (!due) return false
    const { id, errors } = due
    const isWhole = await deleteReport({ pool, emit }, due, stop)
    await pool.query(
      isWhole
        ? sql`update imports set errors_deleted_at = now(), lease_expires_at = null where id = ${id}`
        : sql`update imports set lease_expires_at = null where id = ${id}`,
    )
    if (isWhole) logger.info({ import_id: id, errors }, 'errors deleted')
    return isWhole
  })
}

/** An import whose report is being deleted. */
interface Expired {
  readonly id: string
  readonly owner_id: string
  readonly errors: number
}

/** The lease of an import that has ended belongs to whoever deletes its report. */
const CLEARING_SECONDS = 60

async function claimExpired(pool: Pool): Promise<Expired | undefined> {
  const [due] = await rows<Expired>(
    pool,
    sql`
      with due as (
        select id from imports
        where finished_at is not null and errors_deleted_at is null
          and expired_at < now() - make_interval(mins => ${GRACE_MINUTES})
          and (lease_expires_at is null or lease_expires_at < now())
        order by finished_at
        limit 1
        for update skip locked
      )
      update imports i set lease_expires_at = now() + make_interval(secs => ${CLEARING_SECONDS})
      from due where i.id = due.id
      returning i.id, i.owner_id, i.errors`,
  )
  return due
}

/** The tables of a report that may have as many rows as the file has lines, and what orders the rows. */
const LONG_TABLES = {
  import_errors: ['line_number', 'ordinal'],
  import_changes: ['line_number'],
  import_kept: ['line_number'],
} as const

/** Returns whether all of it is deleted: `stop` ends it early. */
async function deleteReport(
  { pool, emit }: Pick<RetentionContext, 'pool' | 'emit'>,
  { id, owner_id }: Expired,
  stop: AbortSignal,
): Promise<boolean> {
  const its = sql`owner_id = ${owner_id} and import_id = ${id}`
  for (const [table, key] of Object.entries(LONG_TABLES)) {
    for await (const count of deleteInBatches(pool, { table, where: its, key, size: STEP_ROWS })) {
      if (table === 'import_errors') emit({ kind: 'expired', what: 'error', count })
      await pause(stop)
      if (stop.aborted) return false
      await pool.query(
        sql`update imports set lease_expires_at = now() + make_interval(secs => ${CLEARING_SECONDS}) where id = ${id}`,
      )
    }
  }
  await pool.query(sql`delete from import_error_kinds where ${its}`)
  await pool.query(sql`delete from import_warnings where ${its}`)
  return true
}

async function deleteDeliveries(
  { pool, emit }: RetentionContext,
  days: number,
  stop: AbortSignal,
): Promise<void> {
  await inSteps(stop, async () => {
    const count = await deleteOldDeliveries(pool, days, STEP_DELIVERIES)
    emit({ kind: 'expired', what: 'delivery', count })
    return count === STEP_DELIVERIES
  })
}

/** Only those of a store that this process has: others may have further ones. */
async function deleteUploads(
  context: RetentionContext,
  store: UploadStore,
  stop: AbortSignal,
): Promise<void> {
  await inSteps(stop, async () => (await deleteSomeUploads(context, store)) === STEP_UPLOADS)
}

/** Locks their imports, so that processes with the same store each take others. */
async function deleteSomeUploads(
  { pool, logger, emit }: RetentionContext,
  store: UploadStore,
): Promise<number> {
  const deleted = await transaction(pool, async (client) => {
    const due = await rows<{ id: string; upload_key: string; file_bytes: number }>(
      client,
      sql`
        select id, upload_key, file_bytes from imports
        where upload_store = ${store.id} and finished_at is not null and upload_deleted_at is null
          and expired_at < now() - make_interval(mins => ${GRACE_MINUTES})
        order by finished_at
        limit ${STEP_UPLOADS}
        for update skip locked`,
    )
    await Promise.all(due.map(({ upload_key }) => store.remove(upload_key)))
    const ids = due.map(({ id }) => id)
    await client.query(sql`update imports set upload_deleted_at = now() where id = any(${ids}::uuid[])`)
    return due
  })
  emit({ kind: 'expired', what: 'upload', count: deleted.length })
  for (const { id, file_bytes } of deleted)
    logger.info({ import_id: id, bytes: file_bytes }, 'upload deleted')
  return deleted.length
}

/**
 * Deletes uploads that no import names, once they are as old as those of imports may become: until then a
 * newer database may be restored that names them. And what interrupted uploads have left.
 */
async function tidy(
  { pool, logger, emit }: RetentionContext,
  store: UploadStore,
  days: number,
  stop: AbortSignal,
): Promise<void> {
  // Not by our clock: if it was a day ahead, uploads that others are just receiving would look abandoned.
  const now = (await store.now()).getTime()
  const ago = (ms: number) => new Date(now - ms)
  const unfinished = await store.removeUnfinished(ago(DAY_MS))
  if (unfinished > 0) logger.warn({ uploads: unfinished }, 'uploads that never ended were deleted')
  const strays = days > 0 ? await removeStrayUploads(pool, store, ago(days * DAY_MS), stop) : 0
  if (strays === 0) return
  emit({ kind: 'expired', what: 'upload', count: strays })
  logger.warn({ uploads: strays }, 'uploads that no import names were deleted')
}

/** Runs one step after another, with pauses in between, until there is nothing left to do. */
async function inSteps(stop: AbortSignal, step: () => Promise<boolean>): Promise<void> {
  while (!stop.aborted && (await step())) await pause(stop)
}

const pause = (stop: AbortSignal): Promise<void> =>
  sleep(PAUSE_MS, undefined, { signal: stop }).catch(() => {})
