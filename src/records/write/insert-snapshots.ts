import sql, { raw } from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import type { CopyLoan } from '../../db/copy/buffers.js'
import { returningIfByInsert } from '../../db/copy/by-insert.js'
import { CopyRows } from '../../db/copy/copy.js'
import { type Client, settled } from '../../db/pool.js'
import { uuidArray } from '../../db/uuid-array.js'
import type { RecordType, Reference } from '../record-type.js'
import { SNAPSHOT_COLUMNS } from '../snapshot.js'
import { randomBytes } from './random-bytes.js'
import type { Element } from './references.js'

/**
 * How many snapshots, or bytes of inline records, a statement writes at a time, which bounds the memory for
 * it.
 */
const SLICE = 5000
const SLICE_BYTES = 2 ** 20

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
  const columns = [...SNAPSHOT_COLUMNS, ...reference.to.columns]
  let copies: Copy[] = []
  const within = new CopyRows(columns, [ownerId, null, milliseconds, milliseconds], loan)
  const write = async () => {
    await settled([
      insertCopies(client, reference, ownerId, milliseconds, copies),
      within.copyTo(client, reference.table),
    ])
    copies = []
    within.clear()
  }
  for (const { id: holderId, elements } of holders) {
    for (const [seq, element] of (elements.get(reference.attribute) ?? []).entries()) {
      const id = uuidv7({ msecs: milliseconds, seq, random: randomBytes() })
      if ('sourceId' in element) copies.push({ holderId, id, ...element })
      else within.add([holderId, id, ...element.values])
      if (copies.length + within.length < SLICE && within.bytes < SLICE_BYTES) continue
      await write()
    }
  }
  await write()
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

interface Copy {
  readonly holderId: string
  readonly id: string
  readonly sourceId: string
  readonly sourceOwnerId: string
}

async function insertCopies(
  client: Client,
  { to, table }: Reference,
  ownerId: string,
  milliseconds: number,
  copies: readonly Copy[],
): Promise<void> {
  if (copies.length === 0) return
  const createdAt = new Date(milliseconds).toISOString()
  const names = to.columns.map(({ name }) => name)
  // One owner at a time, since a distributed PostgreSQL reads the originals where their owner's rows are. "offset 0"
  // makes PostgreSQL look up each by its key. With a join, the planner would read the whole table for each chunk.
  const insert = (sourceOwnerId: string, of: readonly Copy[]) =>
    client.query(sql`
      insert into ${raw(table)} (owner_id, holder_id, id, source_id, created_at, updated_at, ${raw(names.join(', '))})
      select ${ownerId}::uuid, r.holder_id, r.id, t.id, ${createdAt}::timestamptz, ${createdAt}::timestamptz,
             ${raw(names.map((name) => `t.${name}`).join(', '))}
      from unnest(${uuidArray(of.map(({ holderId }) => holderId))}::uuid[],
                  ${uuidArray(of.map(({ id }) => id))}::uuid[],
                  ${uuidArray(of.map(({ sourceId }) => sourceId))}::uuid[])
             as r(holder_id, id, source_id)
      cross join lateral (
        select * from ${raw(to.table)} o where o.owner_id = ${sourceOwnerId} and o.id = r.source_id offset 0
      ) as t
      ${returningIfByInsert(client)}`)
  const sourceOwnerIds = new Set(copies.map(({ sourceOwnerId }) => sourceOwnerId))
  await settled(
    [...sourceOwnerIds].map((id) =>
      insert(
        id,
        copies.filter(({ sourceOwnerId }) => sourceOwnerId === id),
      ),
    ),
  )
}
