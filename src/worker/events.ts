import type { Failure, Import } from '../imports/import.js'
import type { Counts } from '../imports/receive/scan.js'
import type { Outcome } from '../webhooks/deliveries.js'

/** What a worker did, for whoever counts it. Plain data: it goes from thread to thread. Times are in seconds. */
export type WorkerEvent =
  | {
      readonly kind: 'chunk'
      readonly seconds: number
      readonly outcome: 'committed'
      readonly written: Written
    }
  | { readonly kind: 'chunk'; readonly seconds: number; readonly outcome: 'failed' }
  | ({ readonly kind: 'ended' } & EndedImport)
  | { readonly kind: 'interrupted'; readonly cause: 'outage' | 'fault' | 'lease_lost' }
  | { readonly kind: 'expired'; readonly what: 'upload' | 'error' | 'delivery'; readonly count: number }
  | { readonly kind: 'delivery'; readonly outcome: Outcome }
  | { readonly kind: 'log line dropped' }
  | { readonly kind: 'pool'; readonly total: number; readonly idle: number; readonly waiting: number }

/** What a committed chunk added to an import's counts; a rehearsal's to no record's. */
export interface Written {
  readonly imported: Counts
  readonly skipped: Counts
  readonly errors: number
}

/** An import at its end. */
export interface EndedImport {
  readonly outcome: 'success' | Failure['reason']
  /** Since the POST. */
  readonly seconds: number
  readonly uploaded: Counts
  readonly imported: Counts
  readonly skipped: Counts
  readonly errors: number
  readonly dryRun: boolean
}

/** What is counted of an import that is over. */
export function endedImport(one: Import): EndedImport {
  const { failure, createdAt, finishedAt = createdAt, uploaded, imported, skipped, errors, dryRun } = one
  const seconds = (Date.parse(finishedAt) - Date.parse(createdAt)) / 1000
  return { outcome: failure?.reason ?? 'success', seconds, uploaded, imported, skipped, errors, dryRun }
}
