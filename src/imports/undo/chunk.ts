import sql, { join, raw, type Sql } from 'sql-template-tag'
import type { Client } from '../../db/pool.js'
import type { RecordType } from '../../records/record-type.js'
import type { FanOut } from '../fan-out.js'

/**
 * Makes the statements of a transaction find rows by indexes. Everything here is a look-up by keys, and the planner's
 * statistics of tables that an import has just filled, or an undo emptied, are outdated: by them it may read a whole
 * table for each record, or sort all that is left of it for each chunk.
 */
export const byIndexOnly = (client: Client): Promise<unknown> =>
  client.query(
    'set local enable_seqscan to off; set local enable_bitmapscan to off; set local enable_sort to off',
  )

/** What one chunk of an undo has done, and the last thing that it looked at, from which the next one continues. */
export interface TakenBack {
  readonly last: string
  readonly removed: number
  readonly restored: number
  readonly kept: number
}

/** They bound how long a chunk's transaction takes: records, and snapshots that these hold. */
const CHUNK_RECORDS = 2000
const CHUNK_SNAPSHOTS = 20_000

/** How many records a chunk looks for. What each of them holds is counted before it is known how many fit. */
export const recordsAtOnce = ({ holds }: RecordType, fanOut: FanOut): number =>
  holds.length === 0 ? CHUNK_RECORDS : Math.min(CHUNK_RECORDS, Math.ceil(CHUNK_SNAPSHOTS / fanOut.perRecord))

/** Those of the records that fit a chunk, by how many snapshots they hold; at least the first. */
export function cutChunk<Found extends { readonly size: number }>(
  { holds }: RecordType,
  found: readonly Found[],
  fanOut: FanOut,
): readonly Found[] {
  if (holds.length === 0) return found
  let snapshots = 0
  const full = found.findIndex(({ size }) => {
    snapshots += size
    return snapshots >= CHUNK_SNAPSHOTS
  })
  const chunk = full === -1 ? found : found.slice(0, full + 1)
  fanOut.saw(chunk.length, snapshots)
  return chunk
}

/** How many snapshots a record holds, by its owner and an expression for its id. */
export function sizeOf({ holds }: RecordType, ownerId: string, id: string): Sql {
  const counts = holds.map(
    ({ table }) => sql`
      (select count(*) from ${raw(table)} s where s.owner_id = ${ownerId} and s.holder_id = ${raw(id)})`,
  )
  return counts.length === 0 ? sql`0` : join(counts, ' + ')
}
