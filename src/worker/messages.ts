import type { Connection } from '../db/connection.js'
import type { StoresOptions } from '../uploads/stores.js'

/** What the worker thread receives at its start. */
export interface WorkerData {
  readonly connection: Connection
  /** The identity of its data directory. */
  readonly processId: string
  readonly stores: StoresOptions
  readonly retentionDays: number
  readonly allowPrivateWebhooks: boolean
  readonly logLevel: string
  /** Whether it may start no job of the folder's files until it is told to resume. */
  readonly isPaused: boolean
}

/** Commands for the running worker thread. */
export type WorkerOrder = 'stop' | 'pause' | 'resume'
