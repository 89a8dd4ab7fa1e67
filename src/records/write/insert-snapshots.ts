import sql, { raw } from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import type { CopyLoan } from '../../db/copy/buffers.js'
import { type Client, settled } from '../../db/pool.js'
import { uuidArray } from '../../db/uuid-array.js'
import type { RecordType, Reference } from '../record-type.js'
import { randomBytes } from './random-bytes.js'
import type { Copied, Element } from './references.js'
import { type Copies, copyOriginals, type SnapshotList, writeSnapshots } from './write-snapshots.js'

/** One record with the elements that become its snapshots. */
export interface Holder {
  readonly id: string
  readonly elements: ReadonlyMap<string, readonly Element[]>
}

/**
 * Writes the snapshots of records that were just added: copies of what they refer to, as it is now, and their
 * inline records. Their ids ascend in the order of the list.
 *
 * @param loan whose buffers are used on the way
 */
export async function insertSnapshots(
  client: Client,
  { references }: RecordType,
  ownerId: string,
  milliseconds: number,
  holders: readonly Holder[],
  loan?: CopyLoan,
): Promise<void> {
  await settled(
    references.map((reference) => insertSnapshotsOf(client, reference, ownerId, milliseconds, holders, loan)),
  )
}

async function insertSnapshotsOf(
  client: Client,
  reference: Reference,
  ownerId: string,
  milliseconds: number,
  holders: readonly Holder[],
  loan: CopyLoan | undefined,
): Promise<void> {
  const list = { reference, ownerId, milliseconds }
  const idAt = (seq: number) => uuidv7({ msecs: milliseconds, seq, random: randomBytes() })
  const holding = (function* () {
    for (const { id, elements } of holders) {
      yield { id, elements: elements.get(reference.attribute) ?? [], idAt }
    }
  })()
  await writeSnapshots(client, list, holding, (copies) => insertCopies(client, list, copies), loan)
}

/** Deletes all snapshots that records hold. */
export async function deleteSnapshots(
  client: Client,
  { holds }: RecordType,
  ownerId: string,
  ids: readonly string[],
): Promise<void> {
  await settled(
    holds.map(({ table }) =>
      client.query(
        sql`delete from ${raw(table)} where owner_id = ${ownerId} and holder_id = any(${ids}::uuid[])`,
      ),
    ),
  )
}

/** One owner at a time, since a distributed PostgreSQL reads the originals where their owner's rows are. */
async function insertCopies(client: Client, list: SnapshotList, copies: Copies<Copied>): Promise<void> {
  const { named } = copies
  const sourceOwnerIds = new Set(named.map(({ sourceOwnerId }) => sourceOwnerId))
  await settled(
    [...sourceOwnerIds].map((ownerId) => {
      const of = <T>(column: readonly T[]) =>
        column.filter((_, place) => named[place]?.sourceOwnerId === ownerId)
      return insertCopiesOf(client, list, ownerId, {
        holderIds: of(copies.holderIds),
        ids: of(copies.ids),
        named: of(named),
      })
    }),
  )
}

async function insertCopiesOf(
  client: Client,
  list: SnapshotList,
  sourceOwnerId: string,
  { holderIds, ids, named }: Copies<Copied>,
): Promise<void> {
  const source = sql`unnest(${uuidArray(holderIds)}::uuid[], ${uuidArray(ids)}::uuid[],
                            ${uuidArray(named.map(({ sourceId }) => sourceId))}::uuid[]) as r(holder_id, id, source_id)`
  await copyOriginals(client, list, source, sql`o.owner_id = ${sourceOwnerId} and o.id = r.source_id`, 'none')
}
