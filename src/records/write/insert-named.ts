import sql, { raw } from 'sql-template-tag'
import type { CopyLoan } from '../../db/copy/buffers.js'
import { returningIfByInsert } from '../../db/copy/by-insert.js'
import { CopyRows } from '../../db/copy/copy.js'
import { type Client, settled } from '../../db/pool.js'
import { uuidArray } from '../../db/uuid-array.js'
import { UUID_PATTERN } from '../../schema/uuid.js'
import { SnapshotIds } from '../content/snapshot-ids.js'
import type { RecordType, Reference } from '../record-type.js'
import { SNAPSHOT_COLUMNS } from '../snapshot.js'
import type { ReferenceLists } from './references.js'

/** Something that is named is not there. Nothing of the transaction may be committed. */
export class NamedMissing extends Error {
  override name = 'NamedMissing'
  constructor() {
    super('Something that is named is not there.')
  }
}

/** A record that was just added, and its lists of references. */
export interface NamingHolder {
  readonly id: string
  readonly lists: ReferenceLists
}

/** How many snapshots, or bytes of inline records, a statement writes at a time, which bounds the memory for it. */
const SLICE = 5000
const SLICE_BYTES = 2 ** 20

/**
 * Whether each reference of these lists can only be an `external_ref`, and none is repeated within a list: then
 * `insertNamed` may write their snapshots.
 */
export const areRefsOnly = (records: readonly ReferenceLists[]): boolean =>
  records.every((lists) => Object.values(lists).every(isOfRefsOnly))

function isOfRefsOnly(list: ReferenceLists[string]): boolean {
  const texts = list.filter((element) => typeof element === 'string')
  return new Set(texts).size === texts.length && !texts.some((text) => UUID_PATTERN.test(text))
}

/**
 * Writes the snapshots of records that were just added, looking up what they name and copying it in one statement:
 * nothing has to be locked, since nothing can happen in between. Their ids ascend in the order of the list.
 *
 * @param ownerId of the records, and of all that they name by `external_ref`
 * @param loan whose buffers are used on the way
 * @throws NamedMissing if the owner has not all of it
 */
export async function insertNamed(
  client: Client,
  { references }: RecordType,
  ownerId: string,
  milliseconds: number,
  holders: readonly NamingHolder[],
  loan?: CopyLoan,
): Promise<void> {
  await settled(
    references.map((reference, list) =>
      insertNamedOf(client, { reference, list, ownerId, milliseconds }, holders, loan),
    ),
  )
}

/** One of the lists, and what its snapshots share. */
interface List {
  readonly reference: Reference
  /** Its place among the lists. */
  readonly list: number
  readonly ownerId: string
  readonly milliseconds: number
}

async function insertNamedOf(
  client: Client,
  list: List,
  holders: readonly NamingHolder[],
  loan: CopyLoan | undefined,
): Promise<void> {
  const { reference, ownerId, milliseconds } = list
  const columns = [...SNAPSHOT_COLUMNS, ...reference.to.columns]
  let copies = noCopies()
  const within = new CopyRows(columns, [ownerId, null, milliseconds, milliseconds], loan)
  const write = async () => {
    await settled([insertCopies(client, list, copies), within.copyTo(client, reference.table)])
    copies = noCopies()
    within.clear()
  }
  for (const { id: holderId, lists } of holders) {
    const elements = lists[reference.attribute] ?? []
    if (elements.length === 0) continue
    const ids = new SnapshotIds(milliseconds, holderId)
    for (const [place, element] of elements.entries()) {
      const id = ids.at(list.list, place)
      if (typeof element === 'string') {
        copies.holderIds.push(holderId)
        copies.ids.push(id)
        copies.refs.push(element)
      } else within.add([holderId, id, ...element.values])
      if (copies.ids.length + within.length < SLICE && within.bytes < SLICE_BYTES) continue
      await write()
    }
  }
  await write()
}

/** Column by column, as the statement takes them. */
const noCopies = () => ({ holderIds: [] as string[], ids: [] as string[], refs: [] as string[] })

async function insertCopies(
  client: Client,
  { reference: { to, table }, ownerId, milliseconds }: List,
  { holderIds, ids, refs }: ReturnType<typeof noCopies>,
): Promise<void> {
  if (ids.length === 0) return
  const createdAt = new Date(milliseconds).toISOString()
  const names = to.columns.map(({ name }) => name)
  // "offset 0" makes PostgreSQL look up each by its key. With a join, the planner would read the whole table for
  // each chunk.
  const { rowCount } = await client.query(sql`
    insert into ${raw(table)} (owner_id, holder_id, id, source_id, created_at, updated_at, ${raw(names.join(', '))})
    select ${ownerId}::uuid, r.holder_id, r.id, t.id, ${createdAt}::timestamptz, ${createdAt}::timestamptz,
           ${raw(names.map((name) => `t.${name}`).join(', '))}
    from unnest(${uuidArray(holderIds)}::uuid[], ${uuidArray(ids)}::uuid[], ${refs}::text[]) as r(holder_id, id, ref)
    cross join lateral (
      select * from ${raw(to.table)} o
      where o.owner_id = ${ownerId} and o.external_ref is not null
        and ref_key(o.external_ref) = ref_key(r.ref) and o.external_ref = r.ref offset 0
    ) as t
    ${returningIfByInsert(client)}`)
  if (rowCount !== ids.length) throw new NamedMissing()
}
