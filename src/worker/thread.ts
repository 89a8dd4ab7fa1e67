import { setInterval } from 'node:timers'
import { parentPort, workerData } from 'node:worker_threads'
import { createPool } from '../db/pool.js'
import { WarningsOfJobs } from '../imports/warnings/of-jobs.js'
import { LOCK_SECONDS } from '../imports/work/locks.js'
import { ChunkMemory } from '../imports/work/memory.js'
import { createLogger } from '../log/log.js'
import { defaultStore } from '../tenants/owners.js'
import { openUploadStores } from '../uploads/stores.js'
import { WORKER_CONNECTIONS } from './connection-budget.js'
import { deliver } from './deliver.js'
import type { WorkerEvent } from './events.js'
import type { WorkerData, WorkerOrder } from './messages.js'
import { retain } from './retention.js'
import { work } from './work.js'

/** How often the thread reports how its connections are used. */
const POOL_USE_MS = 1000

/**
 * The worker beside the API: a separate thread, so that a chunk's milliseconds of CPU never delay a request.
 * When told to stop, it ends once its jobs have reached their checkpoints.
 */
const data = workerData as WorkerData
const { connection, processId, retentionDays, allowPrivateWebhooks, logLevel } = data
const emit = (event: WorkerEvent) => parentPort?.postMessage(event)
const logger = createLogger(logLevel, () => emit({ kind: 'log line dropped' })).child({ thread: 'worker' })
const pool = createPool(
  connection,
  WORKER_CONNECTIONS,
  (error) => logger.warn({ reason: error.message }, 'an idle database connection broke'),
  0,
  LOCK_SECONDS,
)
const stop = new AbortController()
let { isPaused } = data
parentPort?.on('message', (order: WorkerOrder) => {
  if (order === 'stop') stop.abort()
  else isPaused = order === 'pause'
})

const reporting = setInterval(() => {
  const { totalCount: total, idleCount: idle, waitingCount: waiting } = pool
  emit({ kind: 'pool', total, idle, waiting })
}, POOL_USE_MS)

const stores = openUploadStores(data.stores, {
  identity: () => defaultStore(pool),
  emit: (request) => emit({ kind: 's3 request', ...request }),
})
const context = { pool, stores, memory: new ChunkMemory(), warnings: new WarningsOfJobs(), logger, emit }
await Promise.all([
  work({ ...context, processId }, connection, () => isPaused, stop.signal),
  deliver({ ...context, allowPrivate: allowPrivateWebhooks }, stop.signal),
  retain(context, retentionDays, stop.signal),
])
clearInterval(reporting)
await pool.end()
parentPort?.close()
