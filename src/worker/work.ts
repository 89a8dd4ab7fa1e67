import type { Connection } from '../db/connection.js'
import type { Pool } from '../db/pool.js'
import { claimImport, IMPORTS_CHANNEL, isAnyWaiting, releaseLeasesOf } from '../imports/queue/claim.js'
import { announceWorker } from '../imports/queue/workers.js'
import { type JobContext, runJob } from '../imports/work/job.js'
import { claimLoop, type Running } from './claim-loop.js'
import { listen } from './listen.js'
import { ReadableStores } from './readable-stores.js'
import { Waker } from './waker.js'
import { WarmUp } from './warm-up.js'

/** How many imports, of different owners, one worker runs at once. */
export const CONCURRENCY = 4

/**
 * After this time a job stops at its checkpoint if another one is waiting for a place, and goes to the back
 * of the queue. So the wait of a small import is bounded, however large the others are.
 */
const TURN_MS = 5000

export interface WorkContext extends JobContext {
  /** The identity of the process's data directory. */
  readonly processId: string
}

interface RunningJob extends Running {
  /** When it started, in ms of the process's monotonic clock. */
  readonly since: number
  /** Ends the job's turn. */
  readonly turn: AbortController
}

/**
 * Claims and runs imports until `stop` is signalled; returns when the last job has reached its checkpoint.
 * Waits for an unreachable database.
 */
export async function work(
  context: WorkContext,
  connection: Connection,
  isPaused: () => boolean,
  stop: AbortSignal,
): Promise<void> {
  const { pool, stores, processId } = context
  const waker = new Waker()
  const listening = listen(connection, IMPORTS_CHANNEL, waker, stop, (client) =>
    announceWorker(client, processId),
  )
  const readable = new ReadableStores(context, isPaused)
  let mayHaveLeftovers = true
  const warmUp = new WarmUp(context.logger)
  stop.addEventListener('abort', () => warmUp.end())

  await claimLoop<RunningJob>(
    {
      atOnce: CONCURRENCY,
      async mayClaim() {
        // Once it has claimed something, it must not release that.
        if (mayHaveLeftovers && stores.folder && !isPaused()) {
          await releaseLeasesOf(pool, processId, stores.folder.id)
        }
        mayHaveLeftovers = false
        await readable.look()
        return true
      },
      async claim() {
        const job = await claimImport(pool, processId, readable.ids)
        if (!job) {
          warmUp.begin()
          return undefined
        }
        warmUp.end()
        const turn = new AbortController()
        return { since: performance.now(), turn, done: runJob(context, job, stop, turn.signal) }
      },
      whenFull: (jobs) => endATurn(pool, readable.ids, jobs),
      failed: (error) => context.logger.warn({ err: error }, 'the queue could not be read; trying again'),
    },
    stop,
    waker,
  )
  await listening
}

/**
 * Ends the turn of the job that has run longest, if its time is up and another one is waiting; one at a time.
 */
async function endATurn(
  pool: Pool,
  storeIds: readonly string[],
  jobs: ReadonlySet<RunningJob>,
): Promise<void> {
  const [oldest] = [...jobs].sort((a, b) => a.since - b.since)
  const isOver = oldest && performance.now() - oldest.since >= TURN_MS
  if (isOver && !oldest.turn.signal.aborted && (await isAnyWaiting(pool, storeIds))) oldest.turn.abort()
}
