import type { Connection } from '../db/connection.js'

/** What the worker thread is given at its start. */
export interface WorkerData {
  readonly connection: Connection
  readonly uploads: { readonly folder: string; readonly id: string }
  readonly retentionDays: number
  readonly allowPrivateWebhooks: boolean
  readonly logLevel: string
}

/** What the worker thread is ordered to do while it runs. */
export type WorkerOrder = 'stop' | 'pause' | 'resume'
