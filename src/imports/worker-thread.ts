import { parentPort, workerData } from 'node:worker_threads'
import { pino } from 'pino'
import { type Connection, createPool } from '../db/pool.js'
import { openFileStore } from '../uploads/file.js'
import { CONCURRENCY, work } from './worker.js'
import { CHUNKS_AT_ONCE } from './write.js'

/** What the thread is given. */
export interface WorkerData {
  readonly connection: Connection
  readonly uploads: { readonly folder: string; readonly id: string }
  readonly logLevel: string
}

/**
 * The worker beside the API: a thread of its own, so that a chunk's milliseconds of CPU never stand in front of a
 * request. Any message asks it to stop; it ends when its jobs have laid their work down.
 */
const { connection, uploads, logLevel } = workerData as WorkerData
const logger = pino({ level: logLevel }, pino.destination({ fd: 2, sync: true })).child({ thread: 'worker' })
const pool = createPool(connection, CONCURRENCY * (CHUNKS_AT_ONCE + 1) + 1, (error) =>
  logger.warn({ reason: error.message }, 'an idle database connection broke'),
)
const stop = new AbortController()
parentPort?.once('message', () => stop.abort())

const store = await openFileStore(uploads.folder, uploads.id)
await work({ pool, store, logger }, connection, stop.signal)
await pool.end()
