import type { Outcome } from '../webhooks/deliveries.js'
import type { Failure, Import } from './import.js'
import type { Counts } from './scan.js'
import type { WrittenChunk } from './write.js'

/** What a worker did, for whoever counts it. Plain data: it goes from thread to thread. Times are in seconds. */
export type WorkerEvent =
  | ({ readonly kind: 'chunk' } & ChunkEvent)
  | ({ readonly kind: 'ended' } & EndedImport)
  | { readonly kind: 'interrupted'; readonly cause: 'outage' | 'fault' | 'lease_lost' }
  | { readonly kind: 'expired'; readonly what: 'upload' | 'error' | 'delivery'; readonly count: number }
  | { readonly kind: 'delivery'; readonly outcome: Outcome }
  | { readonly kind: 'pool'; readonly total: number; readonly idle: number; readonly waiting: number }

/** An attempt to write a chunk. */
export interface ChunkEvent {
  readonly seconds: number
  /** It is one of a rehearsal. */
  readonly dryRun: boolean
  /** Undefined: it failed. */
  readonly written: WrittenChunk | undefined
}

/** An import at its end. */
export interface EndedImport {
  readonly outcome: 'success' | Failure['reason']
  readonly dryRun: boolean
  /** Since the POST. */
  readonly seconds: number
  readonly uploaded: Counts
  readonly imported: Counts
  readonly skipped: Counts
  readonly errors: number
}

/** What is counted of an import that is over. */
export function endedImport(one: Import): EndedImport {
  const { failure, dryRun, createdAt, finishedAt = createdAt, uploaded, imported, skipped, errors } = one
  const seconds = (Date.parse(finishedAt) - Date.parse(createdAt)) / 1000
  return { outcome: failure?.reason ?? 'success', dryRun, seconds, uploaded, imported, skipped, errors }
}
