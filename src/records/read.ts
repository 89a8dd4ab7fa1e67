import sql, { empty, join, raw, type Sql } from 'sql-template-tag'
import { listPage } from '../db/list.js'
import { type Client, type Pool, rows } from '../db/pool.js'
import { totalQuery } from '../db/totals.js'
import { attributesOf } from './columns.js'
import type { RecordType, Reference } from './record-type.js'

/** A record as the database has it. Times are RFC 3339. */
export interface StoredRecord {
  readonly id: string
  readonly ownerId: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A snapshot: a record within another one. `holderId` is the other's id. */
export interface StoredSnapshot extends StoredRecord {
  readonly holderId: string
}

interface Row extends Readonly<Record<string, unknown>> {
  readonly owner_id: string
  readonly id: string
  readonly created_at: string
  readonly updated_at: string
}

interface SnapshotRow extends Row {
  readonly offering_id: string
}

interface Range {
  readonly offset: number
  readonly limit: number
}

const columnNames = ({ columns }: RecordType): Sql =>
  raw(['owner_id', 'id', 'created_at', 'updated_at', ...columns.map(({ name }) => name)].join(', '))

function toRecord({ columns }: RecordType, row: Row): StoredRecord {
  return {
    id: row.id,
    ownerId: row.owner_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    attributes: attributesOf(columns, row),
  }
}

const toSnapshot = ({ to }: Reference, row: SnapshotRow): StoredSnapshot => ({
  ...toRecord(to, row),
  holderId: row.offering_id,
})

/**
 * A page of the records of these owners, newest first, and how many there are. Each owner's part is read backwards along
 * its primary key, so a page costs what its offset and length cost, however large the table (contract 4).
 */
export async function listRecords(
  pool: Pool,
  recordType: RecordType,
  ownerIds: readonly string[],
  { offset, limit }: Range,
  filter: Sql | undefined,
): Promise<{ total: number; records: StoredRecord[] }> {
  const table = raw(recordType.table)
  const condition = filter ? sql`and ${filter}` : empty
  const parts = ownerIds.map(
    (ownerId) => sql`
      (select ${columnNames(recordType)} from ${table} where owner_id = ${ownerId} ${condition}
       order by id desc limit ${offset + limit})`,
  )
  // Each owner by itself: of several at once the planner does not see that the index of what a filter looks up has them.
  const counts = ownerIds.map(
    (ownerId) => sql`select count(*) from ${table} where owner_id = ${ownerId} ${condition}`,
  )
  const { total, found } = await listPage<Row>(pool, {
    total: filter
      ? sql`select sum(count)::bigint from (${join(counts, ' union all ')}) as c`
      : totalQuery(ownerIds, recordType.table),
    page: sql`
      select * from (${join(parts, ' union all ')}) as p order by id desc limit ${limit} offset ${offset}`,
    order: sql`r.id desc`,
  })
  return { total, records: found.map((row) => toRecord(recordType, row)) }
}

/** One record of these owners; undefined: there is none. */
export async function findRecord(
  pool: Pool | Client,
  recordType: RecordType,
  ownerIds: readonly string[],
  id: string,
): Promise<StoredRecord | undefined> {
  const [row] = await rows<Row>(
    pool,
    sql`
      select ${columnNames(recordType)} from ${raw(recordType.table)}
      where owner_id = any(${ownerIds}::uuid[]) and id = ${id}`,
  )
  return row && toRecord(recordType, row)
}

/** A page of one record's snapshots, newest first, and how many there are. */
export async function listSnapshots(
  pool: Pool,
  reference: Reference,
  holder: StoredRecord,
  { offset, limit }: Range,
): Promise<{ total: number; snapshots: StoredSnapshot[] }> {
  const where = sql`from ${raw(reference.table)} where owner_id = ${holder.ownerId} and offering_id = ${holder.id}`
  const { total, found } = await listPage<SnapshotRow>(pool, {
    total: sql`select count(*) ${where}`,
    page: sql`
      select offering_id, ${columnNames(reference.to)} ${where}
      order by id desc limit ${limit} offset ${offset}`,
    order: sql`r.id desc`,
  })
  return { total, snapshots: found.map((row) => toSnapshot(reference, row)) }
}

/** One snapshot of a record, by its own id or by its original's; undefined: it holds none. */
export async function findSnapshot(
  db: Pool | Client,
  reference: Reference,
  holder: StoredRecord,
  id: string,
): Promise<StoredSnapshot | undefined> {
  const [row] = await rows<SnapshotRow>(
    db,
    sql`
      select offering_id, ${columnNames(reference.to)}
      from ${raw(reference.table)}
      where owner_id = ${holder.ownerId} and offering_id = ${holder.id} and (id = ${id} or source_id = ${id})
      order by id = ${id} desc
      limit 1`,
  )
  return row && toSnapshot(reference, row)
}

/** By reference, by the holder's id: snapshots, each list in the order in which it was given. */
export type Snapshots = ReadonlyMap<Reference, ReadonlyMap<string, readonly StoredSnapshot[]>>

/** All snapshots of some records, by these of their references. */
export async function snapshotsOf(
  db: Pool | Client,
  references: readonly Reference[],
  holders: readonly StoredRecord[],
): Promise<Snapshots> {
  const snapshots = new Map<Reference, Map<string, StoredSnapshot[]>>()
  for (const reference of references) {
    const byHolder = new Map<string, StoredSnapshot[]>(holders.map(({ id }) => [id, []]))
    const found = await rows<SnapshotRow>(
      db,
      sql`
        select offering_id, ${columnNames(reference.to)}
        from ${raw(reference.table)}
        where owner_id = any(${[...new Set(holders.map(({ ownerId }) => ownerId))]}::uuid[])
          and offering_id = any(${holders.map(({ id }) => id)}::uuid[])
        order by offering_id, id`,
    )
    for (const row of found) byHolder.get(row.offering_id)?.push(toSnapshot(reference, row))
    snapshots.set(reference, byHolder)
  }
  return snapshots
}
