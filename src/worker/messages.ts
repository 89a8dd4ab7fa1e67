import type { Connection } from '../db/connection.js'

/** What the worker thread receives at its start. */
export interface WorkerData {
  readonly connection: Connection
  readonly uploads: { readonly folder: string; readonly id: string }
  readonly retentionDays: number
  readonly allowPrivateWebhooks: boolean
  readonly logLevel: string
  /** Whether it may start no job until it is told to resume. */
  readonly isPaused: boolean
}

/** Commands for the running worker thread. */
export type WorkerOrder = 'stop' | 'pause' | 'resume'
