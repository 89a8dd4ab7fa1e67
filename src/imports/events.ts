import type { Failure, Import } from './import.js'
import type { Counts } from './terms.js'

/** Events of imports, for counting them. Plain data, since they cross threads. Times are in seconds. */
export type ImportEvent =
  | {
      readonly kind: 'chunk'
      readonly seconds: number
      readonly outcome: 'committed'
      readonly written: Written
    }
  | { readonly kind: 'chunk'; readonly seconds: number; readonly outcome: 'failed' }
  | ({ readonly kind: 'ended' } & EndedImport)
  | { readonly kind: 'interrupted'; readonly cause: 'outage' | 'fault' | 'lease_lost' }

/** What a committed chunk added to an import's counts; a chunk of a dry run adds no records. */
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

/** The event of an import that has ended. */
export function endedImport(one: Import): EndedImport {
  const { failure, createdAt, finishedAt = createdAt, uploaded, imported, skipped, errors, dryRun } = one
  const seconds = (Date.parse(finishedAt) - Date.parse(createdAt)) / 1000
  return { outcome: failure?.reason ?? 'success', seconds, uploaded, imported, skipped, errors, dryRun }
}
