import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import sql, { type Sql } from 'sql-template-tag'
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
  let tidyAt = 0
  while (!stop.aborted) {
    try {
      if (days > 0) await expireReports(context, days, stop)
      if (days > 0) await deleteDeliveries(context, days, stop)
      await deleteErrors(context, stop)
      // A crash may have come between a dry run's end and this.
      for (const one of await leftDryRuns(context.pool)) {
        await forgetDryRun(context.pool, one, stop)
      }
      for (const store of context.stores.all) await deleteUploads(context, store, stop)
      if (performance.now() >= tidyAt) {
        for (const store of context.stores.all) await tidy(context, store, days)
        tidyAt = performance.now() + TIDY_MS
      }
    } catch (error) {
      context.logger.warn({ err: error }, 'what has expired could not be deleted; trying again')
    }
    await sleep(SWEEP_MS, undefined, { signal: stop }).catch(() => {})
  }
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
    const [due] = await rows<{ id: string; owner_id: string; errors: number }>(
      pool,
      sql`
        select id, owner_id, errors from imports
        where finished_at is not null and errors_deleted_at is null
          and expired_at < now() - make_interval(mins => ${GRACE_MINUTES})
        order by finished_at
        limit 1`,
    )
    if (!due) return false
    const { id, owner_id, errors } = due
    const its = sql`owner_id = ${owner_id} and import_id = ${id}`
    const key = ['line_number', 'ordinal']
    for await (const count of deleteInBatches(pool, {
      table: 'import_errors',
      where: its,
      key,
      size: STEP_ROWS,
    })) {
      emit({ kind: 'expired', what: 'error', count })
      await pause(stop)
      if (stop.aborted) return false
    }
    if (!(await deleteRest(pool, its, stop))) return false
    await pool.query(sql`update imports set errors_deleted_at = now() where id = ${id}`)
    logger.info({ import_id: id, errors }, 'errors deleted')
    return true
  })
}

/**
 * The other parts of a report: there are few kinds of errors and warnings, but there may be as many changed records as
 * lines. Returns whether all of it is deleted: `stop` ends it early.
 */
async function deleteRest(pool: Pool, its: Sql, stop: AbortSignal): Promise<boolean> {
  await pool.query(sql`delete from import_error_kinds where ${its}`)
  await pool.query(sql`delete from import_warnings where ${its}`)
  const key = ['line_number']
  for (const table of ['import_changes', 'import_kept']) {
    for await (const _ of deleteInBatches(pool, { table, where: its, key, size: STEP_ROWS })) {
      await pause(stop)
      if (stop.aborted) return false
    }
  }
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
): Promise<void> {
  const ago = (ms: number) => new Date(Date.now() - ms)
  const unfinished = await store.removeUnfinished(ago(DAY_MS))
  if (unfinished > 0) logger.warn({ uploads: unfinished }, 'uploads that never ended were deleted')
  const strays = days > 0 ? await removeStrayUploads(pool, store, ago(days * DAY_MS)) : 0
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
