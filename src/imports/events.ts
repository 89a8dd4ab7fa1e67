import type { Failure } from './import.js'
import type { Counts } from './scan.js'

/** What a worker did, for whoever counts it. Plain data: it goes from thread to thread. Times are in seconds. */
export type WorkerEvent =
  | { readonly kind: 'chunk'; readonly seconds: number; readonly outcome: 'committed' | 'failed' }
  | ({ readonly kind: 'ended' } & EndedImport)
  | { readonly kind: 'interrupted'; readonly cause: 'outage' | 'fault' | 'lease_lost' }
  | { readonly kind: 'expired'; readonly what: 'upload' | 'error'; readonly count: number }
  | { readonly kind: 'pool'; readonly total: number; readonly idle: number; readonly waiting: number }

/** An import at its end. */
export interface EndedImport {
  readonly outcome: 'success' | Failure['reason']
  /** Since the POST. */
  readonly seconds: number
  readonly uploaded: Counts
  readonly imported: Counts
  readonly errors: number
}
