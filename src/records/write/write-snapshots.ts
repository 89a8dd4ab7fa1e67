import sql, { raw, type Sql } from 'sql-template-tag'
import type { CopyLoan } from '../../db/copy/buffers.js'
import { returningIfByInsert } from '../../db/copy/by-insert.js'
import { CopyRows } from '../../db/copy/copy.js'
import { type Client, settled } from '../../db/pool.js'
import type { Reference } from '../record-type.js'
import { SNAPSHOT_COLUMNS } from '../snapshot.js'
import { type Inline, type Lock, lockedBy } from './references.js'

/** How many snapshots, or bytes of inline records, a statement writes at a time, which bounds the memory for it. */
const SLICE = 5000
const SLICE_BYTES = 2 ** 20

/** A list of references, and what the snapshots have in common that are written for it. */
export interface SnapshotList {
  readonly reference: Reference
  readonly ownerId: string
  readonly milliseconds: number
}

/** Snapshots that are copies, column by column, as a statement takes them. */
export interface Copies<Named> {
  readonly holderIds: string[]
  readonly ids: string[]
  /** What tells the original of each. */
  readonly named: Named[]
}

/** One record, with the elements of its list. */
interface Holding<Named> {
  readonly id: string
  readonly elements: readonly (Named | Inline)[]
  /** The id of the snapshot at a place of the list, from 0. */
  readonly idAt: (place: number) => string
}

/**
 * Writes the snapshots of a list: inline records by COPY, the others by `insertCopies`, some at a time.
 *
 * @param loan whose buffers are used on the way
 * @throws what `insertCopies` throws
 */
export async function writeSnapshots<Named extends string | object>(
  client: Client,
  { reference, ownerId, milliseconds }: SnapshotList,
  holders: Iterable<Holding<Named>>,
  insertCopies: (copies: Copies<Named>) => Promise<unknown>,
  loan: CopyLoan | undefined,
): Promise<void> {
  const columns = [...SNAPSHOT_COLUMNS, ...reference.to.columns]
  const none = (): Copies<Named> => ({ holderIds: [], ids: [], named: [] })
  let copies = none()
  const within = new CopyRows(columns, [ownerId, null, milliseconds, milliseconds], loan)
  const write = async () => {
    await settled([
      copies.ids.length > 0 ? insertCopies(copies) : Promise.resolve(),
      within.copyTo(client, reference.table),
    ])
    copies = none()
    within.clear()
  }
  for (const { id, elements, idAt } of holders) {
    for (const [place, element] of elements.entries()) {
      if (isInline(element)) within.add([id, idAt(place), ...element.values])
      else {
        copies.holderIds.push(id)
        copies.ids.push(idAt(place))
        copies.named.push(element)
      }
      if (copies.ids.length + within.length < SLICE && within.bytes < SLICE_BYTES) continue
      await write()
    }
  }
  await write()
}

const isInline = (element: string | object): element is Inline =>
  typeof element === 'object' && 'values' in element

/**
 * Copies originals into snapshots.
 *
 * @param source the snapshots as `r(holder_id, id, …)`
 * @param isOriginal the condition that `o` is the original of `r`, by a key
 * @param lock of the originals, until the end of the transaction
 * @returns how many there are
 */
export async function copyOriginals(
  client: Client,
  { reference: { to, table }, ownerId, milliseconds }: SnapshotList,
  source: Sql,
  isOriginal: Sql,
  lock: Lock,
): Promise<number> {
  const createdAt = new Date(milliseconds).toISOString()
  const names = to.columns.map(({ name }) => name)
  // "offset 0" makes PostgreSQL look up each by its key. With a join, the planner would read the whole table for
  // each chunk.
  const { rowCount } = await client.query(sql`
    insert into ${raw(table)} (owner_id, holder_id, id, source_id, created_at, updated_at, ${raw(names.join(', '))})
    select ${ownerId}::uuid, r.holder_id, r.id, t.id, ${createdAt}::timestamptz, ${createdAt}::timestamptz,
           ${raw(names.map((name) => `t.${name}`).join(', '))}
    from ${source}
    cross join lateral (select * from ${raw(to.table)} o where ${isOriginal} offset 0 ${lockedBy(lock, 'o')}) as t
    ${returningIfByInsert(client)}`)
  return rowCount ?? 0
}
