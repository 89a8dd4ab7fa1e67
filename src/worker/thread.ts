import { setInterval } from 'node:timers'
import { parentPort, workerData } from 'node:worker_threads'
import type { Connection } from '../db/connection.js'
import { WORKER_CONNECTIONS } from '../db/connection-budget.js'
import { createPool } from '../db/pool.js'
import { ChunkMemory } from '../imports/work/memory.js'
import { createLogger } from '../log.js'
import { openFileStore } from '../uploads/file.js'
import { deliver } from './deliver.js'
import type { WorkerEvent } from './events.js'
import { retain } from './retention.js'
import type { WorkerOrder } from './start.js'
import { work } from './work.js'

/** What the thread is given. */
export interface WorkerData {
  readonly connection: Connection
  readonly uploads: { readonly folder: string; readonly id: string }
  readonly retentionDays: number
  readonly allowPrivateWebhooks: boolean
  readonly logLevel: string
}

/** So often the thread tells how its connections are used. */
const POOL_USE_MS = 1000

/**
 * A chunk that waits for its turn holds what it has written. If an API writer waits for that, and the chunk whose turn it is
 * for the writer, PostgreSQL sees no deadlock; so the wait ends here, and the job goes on from its checkpoint.
 */
const LOCK_SECONDS = 5

/**
 * The worker beside the API: a thread of its own, so that a chunk's milliseconds of CPU never stand in front of a
 * request. When it is told to stop, it ends when its jobs have laid their work down.
 */
const { connection, uploads, retentionDays, allowPrivateWebhooks, logLevel } = workerData as WorkerData
const tell = (event: WorkerEvent) => parentPort?.postMessage(event)
const logger = createLogger(logLevel, () => tell({ kind: 'log line dropped' })).child({ thread: 'worker' })
const pool = createPool(
  connection,
  WORKER_CONNECTIONS,
  (error) => logger.warn({ reason: error.message }, 'an idle database connection broke'),
  0,
  LOCK_SECONDS,
)
const stop = new AbortController()
let isPaused = false
parentPort?.on('message', (order: WorkerOrder) => {
  if (order === 'stop') stop.abort()
  else isPaused = order === 'pause'
})

const telling = setInterval(() => {
  const { totalCount: total, idleCount: idle, waitingCount: waiting } = pool
  tell({ kind: 'pool', total, idle, waiting })
}, POOL_USE_MS)

const store = openFileStore(uploads.folder, uploads.id)
const context = { pool, store, memory: new ChunkMemory(), logger, tell }
await Promise.all([
  work(context, connection, () => isPaused, stop.signal),
  deliver({ ...context, allowPrivate: allowPrivateWebhooks }, stop.signal),
  retain(context, retentionDays, stop.signal),
])
clearInterval(telling)
await pool.end()
parentPort?.close()
