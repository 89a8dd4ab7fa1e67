import { setInterval } from 'node:timers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { CopyBuffers } from '../../db/copy/buffers.js'
import { isInternal, isRefusedCopy, isUniqueViolation } from '../../db/errors.js'
import { isOutage } from '../../db/outage.js'
import type { Pool } from '../../db/pool.js'
import { UploadMissing, UploadsAway } from '../../uploads/store.js'
import type { UploadStores } from '../../uploads/stores.js'
import { endedImport, type ImportEvent, type Written } from '../events.js'
import { FanOut } from '../fan-out.js'
import type { Failure, Import } from '../import.js'
import { type Job, LeaseLost, releaseLease, renewLease } from '../queue/claim.js'
import { failImport, finishImport } from '../queue/end.js'
import { LEASE_SECONDS } from '../queue/heads.js'
import { endUndo } from '../undo/end.js'
import { takeBack } from '../undo/take-back.js'
import type { FileWarnings } from '../warnings/file-warnings.js'
import type { WarningsOfJobs } from '../warnings/of-jobs.js'
import { readChunks } from './chunks.js'
import { forgetDryRun } from './dry-run.js'
import { isOverLimit, toFailure, tooManyErrors } from './limit.js'
import type { ChunkMemory } from './memory.js'
import { renewStatistics } from './statistics.js'
import { ChunkWriter } from './write.js'

export interface JobContext {
  readonly pool: Pool
  readonly stores: UploadStores
  /** The memory that the chunks of all jobs share. */
  readonly memory: ChunkMemory
  /** What is remembered of the files of jobs that wait for their next turn. */
  readonly warnings: WarningsOfJobs
  readonly logger: Logger
  /** Receives events, for counting them. */
  readonly emit: (event: ImportEvent) => void
}

/** After this many faults without a chunk in between, a job fails. */
const MAX_ATTEMPTS = 8

/**
 * A process may die for unrelated reasons. So a job fails only after this many deaths without a chunk in
 * between, which take more than an hour, as the waits between them grow to five minutes.
 */
const MAX_DEATHS = 20

const HEARTBEAT_MS = (LEASE_SECONDS * 1000) / 3

/**
 * Runs a claimed import, or the undo of one, to its end; or, when `stop` or `turnOver` is signalled, to its next
 * checkpoint; or until a fault or another worker intervenes. Never throws: what happened is in the database and
 * the log.
 *
 * @param turnOver signalled when others are waiting for its place; a chunk is written in any case.
 */
export async function runJob(
  context: JobContext,
  job: Job,
  stop: AbortSignal,
  turnOver: AbortSignal,
): Promise<void> {
  const { pool } = context
  const logger = context.logger.child(
    isUndo(job) ? { import_id: job.undoOf, undo_id: job.id } : { import_id: job.id },
  )
  const lost = new AbortController()
  const heartbeat = startHeartbeat(pool, job, (error) => {
    if (error instanceof LeaseLost) lost.abort()
    else logger.warn({ err: error }, 'the lease could not be renewed')
  })
  const attempt = job.attempts + job.claims
  logger.info({ fence: job.fence, attempt, ...job.checkpoint }, 'import claimed')
  try {
    const stopOrLost = AbortSignal.any([stop, lost.signal])
    const done = whyNotRun(job) ?? (await work(context, job, stopOrLost, turnOver).catch(toFailure(job)))
    if (typeof done === 'object') return await fail(context, job, logger, done)
    if (lost.signal.aborted) throw new LeaseLost(job.id)
    if (!done) {
      await heartbeat.stop()
      await releaseLease(pool, job, { counts: false, retryAfterSeconds: 0 })
      logger.info('import paused at its checkpoint')
      return
    }
    if (isUndo(job)) return logUndone(logger, await endUndo(pool, job))
    emitEnd(context, logger, await finishImport(pool, job))
    await renewStatistics(pool, job, stop).catch((error: Error) =>
      logger.warn({ err: error }, 'no new statistics'),
    )
  } catch (error) {
    await heartbeat.stop()
    await handleFault(context, job, logger, error as Error, stop)
  } finally {
    await heartbeat.stop()
    if (job.dryRun) {
      await forgetDryRun(pool, job.id, stop).catch((error: Error) =>
        logger.warn({ err: error }, 'a dry run has not been cleaned up yet'),
      )
    }
  }
}

/**
 * Renews a job's lease until it is stopped. Nothing may follow that gives the lease back before `stop` has
 * resolved: a renewal that is still under way would take it again, for nobody.
 */
function startHeartbeat(pool: Pool, job: Job, failed: (error: Error) => void) {
  let last = Promise.resolve()
  const timer = setInterval(() => {
    last = Promise.all([last, renewLease(pool, job)]).then(() => {}, failed)
  }, HEARTBEAT_MS)
  return {
    stop: async (): Promise<void> => {
      clearInterval(timer)
      await last
    },
  }
}

/** Why a claimed job has to fail at once; undefined: it can be run. */
function whyNotRun(job: Job): Failure | undefined {
  if (job.attempts >= MAX_ATTEMPTS || job.claims > MAX_DEATHS) return whyGivenUp(job)
  // A process may have died after the chunk that exceeded the limit.
  return isOverLimit(job, job.rejected) ? tooManyErrors(job, job.rejected) : undefined
}

/**
 * Reads and writes in parallel: while the database receives some chunks, the next one is read and validated.
 *
 * @returns whether the end of the file is reached
 * @throws TooManyErrors, and what else a chunk fails with
 */
async function writeChunks(
  { pool, stores, memory, warnings: ofJobs, emit }: JobContext,
  job: Job,
  stop: AbortSignal,
  turnOver: AbortSignal,
): Promise<boolean> {
  const store = stores.of(job.uploadStore)
  if (!store) throw new Error(`import ${job.id} was claimed, but its file is in ${job.uploadStore}`)
  const reader = await store.open(job.uploadKey)
  const buffers = new CopyBuffers()
  const fanOut = new FanOut()
  const writer = new ChunkWriter(pool, memory, job, fanOut, (write) => timed(emit, write))
  let warnings: FileWarnings | undefined
  let isAtEnd = false
  try {
    warnings = await ofJobs.take(pool, job, reader, stop)
    if (!warnings) return false
    let isFirst = true
    for await (const chunk of readChunks(job, reader, { buffers, fanOut, warnings })) {
      if (stop.aborted || (turnOver.aborted && !isFirst)) return false
      isFirst = false
      await writer.begin(chunk)
    }
    isAtEnd = true
    return true
  } finally {
    if (warnings && !isAtEnd) ofJobs.keep(job, warnings)
    await writer.end().finally(() => reader.close())
  }
}

async function timed(emit: JobContext['emit'], write: () => Promise<Written>): Promise<void> {
  const from = performance.now()
  const seconds = () => (performance.now() - from) / 1000
  try {
    const written = await write()
    emit({ kind: 'chunk', outcome: 'committed', seconds: seconds(), written })
  } catch (error) {
    emit({ kind: 'chunk', outcome: 'failed', seconds: seconds() })
    throw error
  }
}

const work = (context: JobContext, job: Job, stop: AbortSignal, turnOver: AbortSignal): Promise<boolean> =>
  isUndo(job) ? takeBack(context.pool, job, stop, turnOver) : writeChunks(context, job, stop, turnOver)

const isUndo = (job: Job): job is Job & { readonly undoOf: string } => job.undoOf !== undefined

async function fail(context: JobContext, job: Job, logger: Logger, failure: Failure): Promise<void> {
  if (isUndo(job)) logUndone(logger, await endUndo(context.pool, job, failure))
  else emitEnd(context, logger, await failImport(context.pool, job, failure))
}

function logUndone(logger: Logger, { removed, restored, kept, undo }: Import): void {
  if (undo?.failure) logger.error({ failure: undo.failure, removed, restored, kept }, 'undo failed')
  else logger.info({ removed, restored, kept }, 'import undone')
}

function emitEnd({ emit }: JobContext, logger: Logger, one: Import): void {
  const ended = endedImport(one)
  emit({ kind: 'ended', ...ended })
  const isFault = ended.outcome === 'fault' || ended.outcome === 'upload_missing'
  logger[isFault ? 'error' : 'info'](ended, isFault ? 'import failed' : 'import finished')
}

async function handleFault(
  context: JobContext,
  job: Job,
  logger: Logger,
  error: Error,
  stop: AbortSignal,
): Promise<void> {
  const { pool, emit } = context
  // A worker that has unknowingly lost the lease finds what the other one wrote.
  const mayFindOthers = isUniqueViolation(error) || isRefusedCopy(error)
  if (error instanceof LeaseLost || (mayFindOthers && (await hasLost(pool, job)))) {
    emit({ kind: 'interrupted', cause: 'lease_lost' })
    logger.warn('another worker has this import now, or it was ended')
    return
  }
  // What has no code of its own counts, since nothing may be tried again forever; a node that is away has one.
  const outage = (isOutage(error) && !isInternal(error)) || error instanceof UploadsAway
  emit({ kind: 'interrupted', cause: outage ? 'outage' : 'fault' })
  logger.error({ err: error, outage }, 'import interrupted')
  try {
    if (error instanceof UploadMissing) {
      await fail(context, job, logger, {
        reason: 'upload_missing',
        detail:
          'The uploaded file is gone or was truncated. ' +
          (job.dryRun
            ? 'Nothing was added; post the file again to rehearse it.'
            : 'What had been imported stays; post the file again to import the rest.'),
      })
    } else if (outage) {
      await releaseOnceThere(pool, job, stop)
    } else {
      const attempts = await releaseLease(pool, job, { counts: true, retryAfterSeconds: 0 })
      if (attempts < MAX_ATTEMPTS) return
      await fail(context, job, logger, whyGivenUp({ ...job, attempts }))
    }
  } catch (failure) {
    // The database is away. The lease expires by itself, and whoever finds the import resumes from the
    // checkpoint.
    if (!(failure instanceof LeaseLost)) logger.error({ err: failure }, 'the import could not be given back')
  }
}

function whyGivenUp({ attempts, dryRun, checkpoint, undoOf }: Job): Failure {
  if (undoOf !== undefined) return whyUndoGivenUp(attempts)
  const kept = dryRun
    ? 'Nothing was added; post the file again to rehearse it.'
    : 'What had been imported stays; a retry resumes from where it stopped.'
  const why =
    attempts >= MAX_ATTEMPTS
      ? `A server error stopped the import ${MAX_ATTEMPTS} times in a row. The server's log has the cause under the id of this import.`
      : `The server's process ended ${MAX_DEATHS} times, over more than an hour, while it was at line ${checkpoint.lines + 1} or soon after. Its log may say why; if it ran out of memory, look at that line.`
  return { reason: 'fault', detail: `${why} ${kept}` }
}

function whyUndoGivenUp(attempts: number): Failure {
  const why =
    attempts >= MAX_ATTEMPTS
      ? `A server error stopped the undo ${MAX_ATTEMPTS} times in a row. The server's log has the cause.`
      : `The server's process ended ${MAX_DEATHS} times, over more than an hour. Its log may say why.`
  return {
    reason: 'fault',
    detail: `${why} What was taken back stays so; another request to undo the import resumes from where it stopped.`,
  }
}

const hasLost = (pool: Pool, job: Job): Promise<boolean> =>
  renewLease(pool, job).then(
    () => false,
    (failure: unknown) => failure instanceof LeaseLost,
  )

/**
 * Gives a job back as soon as the database is available again. After the lease's duration it is free by
 * itself.
 */
async function releaseOnceThere(pool: Pool, job: Job, stop: AbortSignal): Promise<void> {
  for (let second = 1; ; second += 1) {
    try {
      await releaseLease(pool, job, { counts: false, retryAfterSeconds: 1 })
      return
    } catch (error) {
      if (!isOutage(error) || second >= LEASE_SECONDS || stop.aborted) throw error
    }
    await sleep(1000, undefined, { signal: stop }).catch(() => {})
  }
}
