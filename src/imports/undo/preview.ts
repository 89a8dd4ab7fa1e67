import sql, { empty, raw, type Sql } from 'sql-template-tag'
import { batches } from '../../db/batches.js'
import { type Client, type Pool, rows, transaction } from '../../db/pool.js'
import { holderIdName, type RecordType } from '../../records/record-type.js'
import { noCounts } from '../counts.js'
import type { Import } from '../import.js'
import { lineOfRecord } from '../record-id.js'
import type { Counts } from '../terms.js'
import { byIndexOnly } from './chunk.js'
import { HeldLines } from './held-lines.js'
import { type Holders, heldByStores, holderOf, holdersOf, type MayBeHeld } from './holders.js'
import {
  findUndone,
  isAddedBy,
  isAsLeft,
  isInterrupted,
  isLastChangedBy,
  isOfImport,
  isStillWritten,
  mayChange,
  typesLastFirst,
  type Undone,
} from './undone.js'

/** What would become of an import's records, by type. */
export interface UndoCounts {
  readonly removed: Counts
  readonly restored: Counts
  readonly kept: Counts
}

/** How many records a statement looks at. */
const BATCH = 5000

/**
 * Counts what an undo would do at this moment, without changing or locking anything. What the undo itself would
 * remove or restore holds nothing.
 */
export async function previewUndo(pool: Pool, { id, ownerId }: Import): Promise<UndoCounts> {
  const undone = await findUndone(pool, id)
  const looking: Looking = { pool, undone, holders: await holdersOf(pool, ownerId), byStores: new Map() }
  const counts = { removed: noCounts(), restored: noCounts(), kept: noCounts() }
  for (const recordType of typesLastFirst) {
    const { type } = recordType
    const add = ({ removed, restored, kept }: Batch) => {
      counts.removed[type] = (counts.removed[type] ?? 0) + removed
      counts.restored[type] = (counts.restored[type] ?? 0) + restored
      counts.kept[type] = (counts.kept[type] ?? 0) + kept
    }
    const changed = (after: Batch | undefined) => countChanged(pool, undone, recordType, after)
    const added = (after: Batch | undefined) => countAdded(looking, recordType, after)
    if (mayChange(undone)) for await (const batch of batches(changed)) batch.forEach(add)
    for await (const batch of batches(added)) batch.forEach(add)
  }
  return counts
}

interface Looking {
  readonly pool: Pool
  readonly undone: Undone
  readonly holders: Holders
  /** What the import added and stores hold, of types that have been counted and hold something themselves. */
  readonly byStores: Map<RecordType, HeldLines>
}

interface Batch {
  /** The last record or line that it looked at. */
  readonly last: string
  readonly removed: number
  readonly restored: number
  readonly kept: number
}

const look = (pool: Pool, statement: Sql | ((client: Client) => Promise<Sql>)): Promise<readonly Batch[]> =>
  transaction(pool, async (client) => {
    await byIndexOnly(client)
    return await rows<Batch>(client, typeof statement === 'function' ? await statement(client) : statement)
  })

async function countChanged(
  pool: Pool,
  undone: Undone,
  { table }: RecordType,
  after: Batch | undefined,
): Promise<readonly Batch[]> {
  const { id, ownerId } = undone
  const lines = sql`
    select * from import_changes c
    where c.owner_id = ${ownerId} and c.import_id = ${id} and c.resource = ${table}
      and c.line_number < ${after?.last ?? Number.MAX_SAFE_INTEGER} and (c.change = 'updated' or c.change is null)
      and not ${isAddedBy(undone, 'c.record_id')}
    order by c.line_number desc limit ${BATCH}`
  // Of the lines about one record the last decides. One that the import has added is counted with these.
  return await look(
    pool,
    sql`
      select min(c.line_number)::text as last, 0 as removed,
             count(*) filter (where c.counts and c.is_free) as restored,
             count(*) filter (where c.counts and not c.is_free) as kept
      from (
        select c.line_number,
               not exists (
                 select 1 from import_changes l
                 where l.owner_id = ${ownerId} and l.record_id = c.record_id and l.line_number > c.line_number
                   and ${isOfImport(undone, 'l')} and l.change is distinct from 'unchanged' offset 0
               ) as counts,
               c.change is not null and exists (
                 select 1 from ${raw(table)} r
                 where r.owner_id = ${ownerId} and r.id = c.record_id and ${isStillWritten(undone, 'r', sql`c.written_at`)}
                   and not ${isInterrupted(undone, 'r')} offset 0
               ) as is_free
        from (${lines}) as c
      ) as c
      having count(*) > 0`,
  )
}

async function countAdded(
  looking: Looking,
  recordType: RecordType,
  after: Batch | undefined,
): Promise<readonly Batch[]> {
  const { pool, undone, holders } = looking
  const { ownerId, range } = undone
  if (!range) return []
  const added = sql`
    select * from ${raw(recordType.table)} r
    where r.owner_id = ${ownerId} and r.id > ${range.after} and r.id < ${after?.last ?? range.before}
      and ${isAddedBy(undone, 'r.id')}
    order by r.id desc limit ${BATCH}`
  return await look(pool, async (client) => {
    const held = holders.stores.size > 0 ? await heldOf(client, looking, recordType, added) : []
    const isHeld = held.length > 0 ? sql`and r.id <> all(${held}::uuid[])` : empty
    return sql`
      select min(c.id::text) as last, count(*) filter (where c.is_free) as removed, 0 as restored,
             count(*) filter (where not c.is_free) as kept
      from (
        select r.id, (${isFree(looking, recordType, 'r')} ${isHeld}) as is_free from (${added}) as r
      ) as c
      having count(*) > 0`
  })
}

/** The ids of those of a batch that stores hold. */
async function heldOf(
  client: Client,
  { undone, holders, byStores }: Looking,
  recordType: RecordType,
  batch: Sql,
): Promise<readonly string[]> {
  const records = await rows<MayBeHeld>(client, sql`select b.id, b.external_ref from (${batch}) as b`)
  const held = [...(await heldByStores(client, recordType, holders, records)).keys()]
  if (held.length === 0 || recordType.holds.length === 0) return held
  const lines = byStores.get(recordType) ?? new HeldLines()
  for (const id of held) lines.add(lineOfRecord(undone.id, id) ?? 0)
  byStores.set(recordType, lines)
  return held
}

/** The condition that an added record would be removed, if no store holds it. @param record the alias of its row */
function isFree(looking: Looking, recordType: RecordType, record: string): Sql {
  const { undone, holders } = looking
  const holder = holderOf(recordType, holders, record, (holderType, alias) =>
    letsGo(looking, holderType, alias),
  )
  return sql`(${isAsLeft(undone, record)} ${holder ? sql`and not exists ${holder}` : empty})`
}

/** The condition that a holder would let go of what it holds: it is removed, or holds again what it held before. */
function letsGo(looking: Looking, holderType: RecordType, holder: string): Sql {
  const { undone, byStores } = looking
  const held = byStores.get(holderType)?.includes(`${holder}.id`)
  const isRemoved = sql`
    (${isAddedBy(undone, `${holder}.id`)} ${held ? sql`and not ${held}` : empty} and ${isFree(looking, holderType, holder)})`
  if (!mayChange(undone)) return isRemoved
  const { content } = holderType
  const refersAgain = content ? sql`or b.before -> ${holderIdName(content.to)}::text is not null` : empty
  const isRestored = sql`
    not ${isAddedBy(undone, `${holder}.id`)} and ${isLastChangedBy(undone, holder)} and not ${isInterrupted(undone, holder)}
    and exists (
      select 1 from import_changes b
      where b.owner_id = ${undone.ownerId} and b.record_id = ${raw(holder)}.id and ${isOfImport(undone, 'b')}
        and (b.held_before is not null ${refersAgain}) offset 0
    )`
  return sql`(${isRemoved} or (${isRestored}))`
}
