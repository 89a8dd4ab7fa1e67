import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Connection } from '../db/connection.js'
import { connect } from '../db/pool.js'
import { claimImport, IMPORTS_CHANNEL, isAnyWaiting, releaseLeasesOf } from '../imports/queue/claim.js'
import { type JobContext, runJob } from '../imports/work/job.js'
import { UploadsAway } from '../uploads/folder.js'
import { Bell } from './waker.js'

/** How many imports, of as many owners, one worker works on at once. */
export const CONCURRENCY = 4

/**
 * A job that has run this long lays its work down when another one waits for a place, and goes to the back of the queue. So
 * the wait of a small import is bounded, however large the others are.
 */
const TURN_MS = 5000

/** Notifications can be lost with a connection, so the queue is looked at as well. */
const POLL_MS = 1000

/** A job that runs here. */
interface Place {
  /** Of the process's monotonic clock, in ms. */
  readonly since: number
  /** Ends the job's turn. */
  readonly turn: AbortController
  readonly done: Promise<void>
}

/**
 * Claims and works imports until `stop` is signalled; returns when the last job has laid its work down.
 * An unreachable database is waited for.
 */
export async function work(
  context: JobContext,
  connection: Connection,
  isPaused: () => boolean,
  stop: AbortSignal,
): Promise<void> {
  const { pool, store, logger } = context
  const bell = new Bell()
  stop.addEventListener('abort', () => bell.ring())
  const listening = listen(connection, bell, stop)
  const places = new Set<Place>()
  let mayHaveLeftovers = true
  let isAway = false

  while (!stop.aborted) {
    try {
      if (isPaused()) {
        await bell.heard(POLL_MS)
        continue
      }
      if (mayHaveLeftovers) await releaseLeasesOf(pool, store.id)
      mayHaveLeftovers = false
      // An import whose file cannot be read must not be begun: it would take the file for gone.
      await store.requireThere()
      while (!stop.aborted && places.size < CONCURRENCY) {
        const job = await claimImport(pool, store.id)
        if (!job) break
        const turn = new AbortController()
        const done = runJob(context, job, stop, turn.signal).finally(() => {
          places.delete(place)
          bell.ring()
        })
        const place: Place = { since: performance.now(), turn, done }
        places.add(place)
      }
      if (places.size === CONCURRENCY) await endATurn(context, places)
      if (isAway) logger.warn('the uploads are back')
      isAway = false
    } catch (error) {
      if (!(error instanceof UploadsAway))
        logger.warn({ err: error }, 'the queue could not be read; trying again')
      else if (!isAway) logger.error({ reason: error.message }, 'the uploads are away; imports wait for them')
      isAway = error instanceof UploadsAway
    }
    await bell.heard(POLL_MS)
  }
  await Promise.all([...places].map(({ done }) => done))
  await listening
}

/** Ends the turn of the job that has run for the longest, if its time is over and another one waits; one at a time. */
async function endATurn({ pool, store }: JobContext, places: ReadonlySet<Place>): Promise<void> {
  const [oldest] = [...places].sort((a, b) => a.since - b.since)
  const isOver = oldest && performance.now() - oldest.since >= TURN_MS
  if (isOver && !oldest.turn.signal.aborted && (await isAnyWaiting(pool, store.id))) oldest.turn.abort()
}

/** Rings when the queue changes. A broken connection is made anew; meanwhile the poll does. */
async function listen(connection: Connection, bell: Bell, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    let client: pg.Client | undefined
    try {
      client = await connect(connection)
      await listenOn(client, bell, stop)
    } catch {
      // Away; the poll says so in the log.
    } finally {
      await client?.end().catch(() => {})
    }
    if (!stop.aborted) await sleep(POLL_MS, undefined, { signal: stop }).catch(() => {})
  }
}

/** Rings at each notification, until the connection breaks or `stop` is signalled. */
async function listenOn(client: pg.Client, bell: Bell, stop: AbortSignal): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    client.on('error', () => resolve())
    client.once('end', () => resolve())
    if (stop.aborted) resolve()
    stop.addEventListener('abort', () => resolve(), { once: true })
  })
  client.on('notification', () => bell.ring())
  await client.query(`listen ${IMPORTS_CHANNEL}`)
  bell.ring()
  await ended
}
