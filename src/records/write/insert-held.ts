import type { CopyLoan } from '../../db/copy/buffers.js'
import type { Client } from '../../db/pool.js'
import { insertContents } from '../content/insert.js'
import type { ResolvedContent } from '../content/resolve.js'
import type { SnapshotIds } from '../content/snapshot-ids.js'
import type { RecordType } from '../record-type.js'
import { insertSnapshots } from './insert-snapshots.js'
import type { Element } from './references.js'

/** One record with what becomes its snapshots. */
export interface Holder {
  readonly id: string
  readonly elements: ReadonlyMap<string, readonly Element[]>
  readonly content?: ResolvedContent
  /** The ids of the copies of its content. */
  readonly ids?: SnapshotIds
}

/**
 * Writes what records that were just added hold copies of.
 *
 * @param loan whose buffers are used on the way
 */
export async function insertHeld(
  client: Client,
  recordType: RecordType,
  ownerId: string,
  milliseconds: number,
  holders: readonly Holder[],
  loan?: CopyLoan,
): Promise<void> {
  const { content } = recordType
  if (!content) return await insertSnapshots(client, recordType, ownerId, milliseconds, holders, loan)
  const withContent = holders.flatMap(({ id, content: own, ids }) =>
    own && ids ? [{ id, content: own, ids }] : [],
  )
  await insertContents(client, content, ownerId, milliseconds, withContent, loan)
}
