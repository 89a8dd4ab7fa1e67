import sql, { empty, raw, type Sql } from 'sql-template-tag'
import { batches } from '../../db/batches.js'
import { type Pool, rows, transaction } from '../../db/pool.js'
import { holderIdName, type RecordType } from '../../records/record-type.js'
import { noCounts } from '../counts.js'
import type { Import } from '../import.js'
import type { Counts } from '../terms.js'
import { byIndexOnly } from './chunk.js'
import { holderOf, type Owners, ownersOfHolders } from './holders.js'
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
  const owners = await ownersOfHolders(pool, ownerId)
  const counts = { removed: noCounts(), restored: noCounts(), kept: noCounts() }
  for (const recordType of typesLastFirst) {
    const { type } = recordType
    const add = ({ removed, restored, kept }: Batch) => {
      counts.removed[type] = (counts.removed[type] ?? 0) + removed
      counts.restored[type] = (counts.restored[type] ?? 0) + restored
      counts.kept[type] = (counts.kept[type] ?? 0) + kept
    }
    const changed = (after: Batch | undefined) => countChanged(pool, undone, recordType, after)
    const added = (after: Batch | undefined) => countAdded(pool, undone, recordType, owners, after)
    if (mayChange(undone)) for await (const batch of batches(changed)) batch.forEach(add)
    for await (const batch of batches(added)) batch.forEach(add)
  }
  return counts
}

interface Batch {
  /** The last record or line that it looked at. */
  readonly last: string
  readonly removed: number
  readonly restored: number
  readonly kept: number
}

const look = (pool: Pool, statement: Sql): Promise<readonly Batch[]> =>
  transaction(pool, async (client) => {
    await byIndexOnly(client)
    return await rows<Batch>(client, statement)
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
  pool: Pool,
  undone: Undone,
  recordType: RecordType,
  owners: Owners,
  after: Batch | undefined,
): Promise<readonly Batch[]> {
  const { ownerId, range } = undone
  if (!range) return []
  const added = sql`
    select * from ${raw(recordType.table)} r
    where r.owner_id = ${ownerId} and r.id > ${range.after} and r.id < ${after?.last ?? range.before}
      and ${isAddedBy(undone, 'r.id')}
    order by r.id desc limit ${BATCH}`
  return await look(
    pool,
    sql`
      select min(c.id::text) as last, count(*) filter (where c.is_free) as removed, 0 as restored,
             count(*) filter (where not c.is_free) as kept
      from (select r.id, ${isFree(undone, recordType, owners, 'r')} as is_free from (${added}) as r) as c
      having count(*) > 0`,
  )
}

/** The condition that an added record would be removed. @param record the alias of its row */
function isFree(undone: Undone, recordType: RecordType, owners: Owners, record: string): Sql {
  const holder = holderOf(recordType, owners, record, (holderType, alias) =>
    letsGo(undone, holderType, owners, alias),
  )
  return sql`(${isAsLeft(undone, record)} ${holder ? sql`and not exists ${holder}` : empty})`
}

/** The condition that a holder would let go of what it holds: it is removed, or holds again what it held before. */
function letsGo(undone: Undone, holderType: RecordType, owners: Owners, holder: string): Sql {
  const isOwn = sql`${raw(holder)}.owner_id = ${undone.ownerId}`
  const isRemoved = sql`${isAddedBy(undone, `${holder}.id`)} and ${isFree(undone, holderType, owners, holder)}`
  if (!mayChange(undone)) return sql`${isOwn} and ${isRemoved}`
  const { content } = holderType
  const refersAgain = content ? sql`or b.before -> ${holderIdName(content.to)}::text is not null` : empty
  const isRestored = sql`
    not ${isAddedBy(undone, `${holder}.id`)} and ${isLastChangedBy(undone, holder)} and not ${isInterrupted(undone, holder)}
    and exists (
      select 1 from import_changes b
      where b.owner_id = ${undone.ownerId} and b.record_id = ${raw(holder)}.id and ${isOfImport(undone, 'b')}
        and (b.held_before is not null ${refersAgain}) offset 0
    )`
  return sql`${isOwn} and ((${isRemoved}) or (${isRestored}))`
}
