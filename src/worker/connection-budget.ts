import { CHUNKS_AT_ONCE } from '../imports/work/write.js'
import { CONCURRENCY } from './work.js'

/** Connections to the database that requests share. */
export const API_CONNECTIONS = 10

/** Connections that the worker's jobs, deliveries and retention share. */
export const WORKER_CONNECTIONS = CONCURRENCY * (CHUNKS_AT_ONCE + 1) + 2

/** Listens for notifications. */
const LISTENING = 1

/** Holds the lock of the uploads folder. */
const LOCKING = 1

/**
 * How many connections to the database a process of the service may open at once. With fewer, jobs would wait
 * for each other.
 */
export const PROCESS_CONNECTIONS = API_CONNECTIONS + WORKER_CONNECTIONS + LISTENING + LOCKING

/** The same for what a process does. One that leaves requests to others still answers `/readyz`. */
export const connectionsOf = ({ apiOnly }: { readonly apiOnly: boolean }): number =>
  apiOnly ? API_CONNECTIONS + LOCKING : PROCESS_CONNECTIONS
