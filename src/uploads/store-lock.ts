import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Logger } from 'pino'
import type { Connection } from '../db/connection.js'
import { connect } from '../db/pool.js'
import { StartError } from '../start-error.js'

/** Another process runs with the same identity: one of the two data directories is a copy. */
export class StoreInUse extends StartError {
  override name = 'StoreInUse'
}

/** Held as long as this process uses its uploads. */
export interface StoreLock {
  /** False while another process holds it. While the database is away, nobody can take it. */
  readonly isHeld: boolean
  release(): Promise<void>
}

/** A process that was just killed may still hold it for a moment. */
const PATIENCE_MS = 15_000
const LOOK_AGAIN_MS = 100

const RETRY_MS = 1000
const HEARTBEAT_MS = 5000
const ANSWER_MS = 10_000

/** Makes the server notice within 25 s, instead of two hours, that a session's machine is gone. */
const KEEPALIVE =
  'set tcp_keepalives_idle to 10; set tcp_keepalives_interval to 5; set tcp_keepalives_count to 3'

/** One lock for each store in each schema of a database. */
const KEY = "hashtextextended('intake ' || current_schema() || ' ' || $1, 0)"

/** A session that holds, or wants, the lock. */
interface Session {
  readonly client: pg.Client
  readonly pid: number
  readonly startedAt: string
  readonly isHolder: boolean
}

export interface StoreLockOptions {
  /** Identifies the uploads. */
  readonly storeId: string
  readonly logger: Logger
  /** Called when another process has taken the lock, and when we have it back. */
  readonly onChange: (isHeld: boolean) => void
  /** Stops waiting for a process that holds it. */
  readonly signal: AbortSignal | undefined
}

/**
 * Reserves a store for this process with an advisory lock of a session that is kept open. A broken session is
 * replaced.
 *
 * @throws StoreInUse if another process holds it; AbortError; what `connect` throws
 */
export async function holdStoreLock(
  connection: Connection,
  { storeId, logger, onChange, signal }: StoreLockOptions,
): Promise<StoreLock> {
  let session = await takeAtStart(connection, storeId, signal)
  let isHeld = true
  const ended = new AbortController()
  const watching = watch()
  return {
    get isHeld() {
      return isHeld
    },
    async release() {
      ended.abort()
      await session.client.end().catch(() => {})
      await watching
    },
  }

  async function watch(): Promise<void> {
    while (!ended.signal.aborted) {
      if (session.isHolder) await untilBroken(session.client, ended.signal)
      else await sleep(RETRY_MS, undefined, { signal: ended.signal }).catch(() => {})
      if (ended.signal.aborted) return
      const next = await openSession(connection, storeId, session).catch(() => undefined)
      // The database is away, which others report.
      if (!next) await sleep(RETRY_MS, undefined, { signal: ended.signal }).catch(() => {})
      else {
        notify(next.isHolder)
        session = next
      }
    }
    await session.client.end().catch(() => {})
  }

  function notify(isHolder: boolean): void {
    if (isHolder === isHeld) return
    isHeld = isHolder
    if (isHeld) logger.warn('no other process uses the id of this data directory any more')
    else logger.error('another process uses the id of this data directory; this one is waiting')
    onChange(isHeld)
  }
}

async function takeAtStart(
  connection: Connection,
  storeId: string,
  signal: AbortSignal | undefined,
): Promise<Session> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const session = await openSession(connection, storeId)
    if (session.isHolder) return session
    if (Date.now() > deadline) {
      throw new StoreInUse(
        `Another process uses this database with the id of this data directory (${storeId}): one of the two data directories is a copy. ` +
          'Stop that process, or set DATA_DIR to a new folder.',
      )
    }
    await sleep(LOOK_AGAIN_MS, undefined, { ...(signal && { signal }) })
  }
}

/** @param last the previous session, whose lock the server may not have released. */
async function openSession(connection: Connection, storeId: string, last?: Session): Promise<Session> {
  const client = await connect(connection)
  try {
    await client.query(KEEPALIVE)
    const { rows } = await client.query<{ pid: number; started_at: string; is_holder: boolean }>(
      `select pg_backend_pid() as pid, pg_try_advisory_lock(${KEY}) as is_holder,
              (select backend_start::text from pg_stat_activity where pid = pg_backend_pid()) as started_at`,
      [storeId],
    )
    const [row] = rows
    const isHolder = row?.is_holder === true
    if (!isHolder && last?.isHolder) await endSession(client, storeId, last)
    if (!isHolder) await client.end()
    return { client, pid: row?.pid ?? 0, startedAt: row?.started_at ?? '', isHolder }
  } catch (error) {
    await client.end().catch(() => {})
    throw error
  }
}

/** Ends a session of ours that broke without the server noticing. */
async function endSession(client: pg.Client, storeId: string, { pid, startedAt }: Session): Promise<void> {
  await client.query(
    `select pg_terminate_backend(a.pid)
     from pg_stat_activity a join pg_locks l on l.pid = a.pid
     where a.pid = $2 and a.backend_start::text = $3 and l.locktype = 'advisory' and l.granted
       and (l.classid::bigint << 32 | l.objid::bigint) = ${KEY}`,
    [storeId, pid, startedAt],
  )
}

/** Returns when a connection has broken, or no longer answers, or `stop` is signalled. */
async function untilBroken(client: pg.Client, stop: AbortSignal): Promise<void> {
  const broken = new AbortController()
  const end = () => broken.abort()
  client.once('end', end)
  client.once('error', end)
  stop.addEventListener('abort', end, { once: true })
  while (!broken.signal.aborted) {
    await sleep(HEARTBEAT_MS, undefined, { signal: broken.signal }).catch(() => {})
    if (broken.signal.aborted) break
    const answered = await Promise.race([
      client.query('select').then(
        () => true,
        () => false,
      ),
      sleep(ANSWER_MS, false, { signal: broken.signal }).catch(() => false),
    ])
    if (!answered) end()
  }
  stop.removeEventListener('abort', end)
  // Not awaited: there may be no answer.
  client.end().catch(() => {})
}
