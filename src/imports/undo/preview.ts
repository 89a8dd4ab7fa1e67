import sql, { empty, raw, type Sql } from 'sql-template-tag'
import { batches } from '../../db/batches.js'
import { type Pool, rows } from '../../db/pool.js'
import type { RecordType } from '../../records/record-type.js'
import { noCounts } from '../counts.js'
import type { Import } from '../import.js'
import type { Counts } from '../terms.js'
import { isAsAdded } from './added.js'
import { holderOf, type Owners, ownersOfHolders } from './holders.js'
import { findUndone, isAddedBy, typesLastFirst, type Undone } from './undone.js'

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
 * remove holds nothing.
 */
export async function previewUndo(pool: Pool, { id, ownerId }: Import): Promise<UndoCounts> {
  const undone = await findUndone(pool, id)
  const owners = await ownersOfHolders(pool, ownerId)
  const counts = { removed: noCounts(), restored: noCounts(), kept: noCounts() }
  for (const recordType of typesLastFirst) {
    const { type } = recordType
    for await (const [batch] of batches((after: Batch | undefined) =>
      countAdded(pool, undone, recordType, owners, after),
    )) {
      counts.removed[type] = (counts.removed[type] ?? 0) + (batch?.removed ?? 0)
      counts.kept[type] = (counts.kept[type] ?? 0) + (batch?.kept ?? 0)
    }
  }
  return counts
}

interface Batch {
  /** The last record that it looked at. */
  readonly last: string
  readonly removed: number
  readonly kept: number
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
      and ${isAddedBy(undone, 'r')}
    order by r.id desc limit ${BATCH}`
  return rows<Batch>(
    pool,
    sql`
      select min(c.id::text) as last, count(*) filter (where c.is_free) as removed,
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
  return sql`(${isAsAdded(record)} ${holder ? sql`and not exists ${holder}` : empty})`
}

/** The condition that a holder would let go of what it holds. */
const letsGo = (undone: Undone, holderType: RecordType, owners: Owners, holder: string): Sql => sql`
  ${raw(holder)}.owner_id = ${undone.ownerId} and ${isAddedBy(undone, holder)}
  and ${isFree(undone, holderType, owners, holder)}`
