import sql, { empty, join, raw, type Sql } from 'sql-template-tag'
import { batches } from '../../db/batches.js'
import { listPage, type ReadRows } from '../../db/list.js'
import { type Client, type Pool, rows, textRows } from '../../db/pool.js'
import { firstSlice } from '../../db/slices.js'
import { totalQuery } from '../../db/totals.js'
import { attributesOf, type Column } from '../columns.js'
import type { AnsweredParts, RecordType, Snapshots, StoredColumn } from '../record-type.js'
import { MAX_SNAPSHOTS } from '../validate.js'

/** A record as stored in the database. Times are RFC 3339. */
export interface StoredRecord {
  readonly id: string
  readonly ownerId: string
  readonly createdAt: string
  readonly updatedAt: string
  readonly attributes: Readonly<Record<string, unknown>>
  /** Where its type is not answered by its attributes: what is answered. */
  readonly answered?: AnsweredParts
}

/**
 * What a record holds by one of its references, as far as its response names it, in the order in which it was
 * given.
 */
export interface Held {
  readonly ids: readonly string[]
  /** The `external_ref`s of the first 100 snapshots. Empty unless the reference has a `refsAttribute`. */
  readonly refs: readonly string[]
}

/** A record with what it holds, by the reference's attribute. */
export interface HoldingRecord extends StoredRecord {
  readonly held: Readonly<Record<string, Held>>
}

/** The requested part of a list. */
export interface Range {
  readonly offset: number
  readonly limit: number
}

/** A page of a list, read slice by slice so that a page of any size needs little memory. */
export interface SlicedPage<Item> {
  /** How many the whole list has. */
  readonly total: number
  readonly slices: AsyncIterable<readonly Item[]>
}

export interface Row extends Readonly<Record<string, unknown>> {
  readonly owner_id: string
  readonly id: string
  readonly created_at: string
  readonly updated_at: string
}

/** A row as PostgreSQL writes its values. */
export interface TextRow extends Readonly<Record<string, string | null>> {
  readonly owner_id: string
  readonly id: string
  readonly created_at: string
  readonly updated_at: string
}

/** What a list is filtered by. */
export interface RecordFilter {
  readonly where: Sql
  /** A query for how many records of an owner there are; absent: they are counted by `where`. */
  readonly count: ((ownerId: string) => Sql) | undefined
}

/** Which records to list, and how. */
export interface RecordQuery {
  readonly recordType: RecordType
  readonly ownerIds: readonly string[]
  readonly filter: RecordFilter | undefined
  /** The references whose snapshots are all named, not only the first 100. */
  readonly include: ReadonlySet<string>
}

/** How many snapshots of a kind a response names, unless they are included (contract 8). */
const NAMED_SNAPSHOTS = 100

const readColumns = ({ columns }: RecordType): readonly Column[] =>
  columns.filter(({ isWriteOnly }) => !isWriteOnly)

export const columnNames = (recordType: RecordType): Sql => {
  const { contentColumns, answered } = recordType
  const names = [...readColumns(recordType), ...contentColumns].map(({ name }) => name)
  const computed = Object.entries(answered?.computed ?? {}).map(
    ([name, expression]) => `${expression} as ${name}`,
  )
  return raw(
    ['owner_id', 'id', 'created_at', 'updated_at', ...names, ...(answered?.columns ?? []), ...computed].join(
      ', ',
    ),
  )
}

const hasAnySize = ({ type }: StoredColumn): boolean => type === 'text' || type === 'jsonb'

/** The stored size of a row in bytes, without columns of a fixed size. */
export const storedSize = (recordType: RecordType, ...others: readonly string[]): Sql => {
  const names = [
    ...[...readColumns(recordType), ...recordType.contentColumns].filter(hasAnySize).map(({ name }) => name),
    ...others,
  ]
  return raw(names.map((name) => `coalesce(pg_column_size(p.${name}), 0)`).join(' + '))
}

export function toRecord({ columns, answered }: RecordType, row: Row): StoredRecord {
  return {
    id: row.id,
    ownerId: row.owner_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    attributes: attributesOf(columns, row),
    ...(answered && { answered: answered.of(row) }),
  }
}

const heldColumn = ({ attribute }: Snapshots): string => `held_${attribute}`

const heldOf = ({ holds }: RecordType, row: Row): HoldingRecord['held'] =>
  Object.fromEntries(holds.map((one) => [one.attribute, row[heldColumn(one)] as Held]))

const toHoldingRecord = (recordType: RecordType, row: Row): HoldingRecord => ({
  ...toRecord(recordType, row),
  held: heldOf(recordType, row),
})

/** The rows of a query for records of one owner, with what each of them holds. */
function withHeld({ holds }: RecordType, include: ReadonlySet<string>, ownerId: string, records: Sql): Sql {
  if (holds.length === 0) return records
  const held = holds.map((one) => {
    const { attribute, table, refsAttribute } = one
    const refs = refsAttribute
      ? raw(
          `coalesce(json_agg(external_ref order by id) filter (where external_ref is not null and place <= ${NAMED_SNAPSHOTS}), '[]')`,
        )
      : raw("'[]'::json")
    return sql`
      (select json_build_object('ids', coalesce(json_agg(id order by id), '[]'), 'refs', ${refs})
       from (
         select id, external_ref, row_number() over (order by id) as place from ${raw(table)}
         where owner_id = ${ownerId} and holder_id = o.id
         order by id limit ${include.has(attribute) ? MAX_SNAPSHOTS : NAMED_SNAPSHOTS}
       ) as s) as ${raw(heldColumn(one))}`
  })
  return sql`select o.*, ${join(held)} from (${records}) as o`
}

/**
 * A page of the records of these owners, newest first. Each owner's part is read backwards along its primary
 * key, so the cost of a page depends on its offset and length, not on the size of the table (contract 4).
 */
export const listRecords = (
  pool: Pool,
  query: RecordQuery,
  range: Range,
): Promise<SlicedPage<HoldingRecord>> =>
  listRows<Row, HoldingRecord>(pool, query, range, rows, (row) => toHoldingRecord(query.recordType, row))

/** The same as rows of texts, which become JSON without a detour. */
export const listTextRows = (pool: Pool, query: RecordQuery, range: Range): Promise<SlicedPage<TextRow>> =>
  listRows<TextRow, TextRow>(pool, query, range, textRows, (row) => row)

async function listRows<From extends { readonly id: string }, Item>(
  pool: Pool,
  query: RecordQuery,
  { offset, limit }: Range,
  read: ReadRows<From>,
  toItem: (row: From) => Item,
): Promise<SlicedPage<Item>> {
  const { recordType, ownerIds, filter } = query
  const condition = filter ? sql`and ${filter.where}` : empty
  // One owner at a time: for several at once, the planner does not see that an index can answer the filter. In order:
  // where none can, all rows are read, and in the order of a smaller index each would be on another page.
  const counts = ownerIds.map(
    (ownerId) =>
      filter?.count?.(ownerId) ??
      sql`
        select count(*) from (
          select from ${raw(recordType.table)} where owner_id = ${ownerId} ${condition} order by id
        ) as matching`,
  )
  const { total, found } = await listPage<From>(
    pool,
    {
      total: filter
        ? sql`select sum(count)::bigint from (${join(counts, ' union all ')}) as c`
        : totalQuery(ownerIds, recordType.table),
      page: recordsSlice(query, { offset, limit }),
      order: sql`r.id desc`,
    },
    read,
  )
  const more = (after: string, left: number) =>
    read(pool, sql`${recordsSlice(query, { offset: 0, limit: left }, after)} order by id desc`)
  return { total, slices: slices(found, Math.min(limit, total - offset), more, toItem) }
}

/** @param after the id of the last record before the slice, instead of an offset */
function recordsSlice(
  { recordType, ownerIds, filter, include }: RecordQuery,
  { offset, limit }: Range,
  after?: string,
): Sql {
  const condition = sql`${after === undefined ? empty : sql`and id < ${after}`} ${filter ? sql`and ${filter.where}` : empty}`
  const partOf = (ownerId: string, columns: Sql) => sql`
    select ${columns} from ${raw(recordType.table)} where owner_id = ${ownerId} ${condition} order by id desc`
  const range = sql`limit ${limit} offset ${offset}`
  const size = storedSize(recordType, ...recordType.holds.map(heldColumn))
  const [ownerId = '', ...others] = ownerIds
  if (others.length === 0) {
    const page = sql`${partOf(ownerId, columnNames(recordType))} ${range}`
    return firstSlice(withHeld(recordType, include, ownerId, page), sql`id desc`, size)
  }
  // First which records the page has, then each owner's of them: a distributed PostgreSQL looks up what a record holds
  // where its owner's rows are.
  const keys = ownerIds.map((id) => sql`(${partOf(id, raw('owner_id, id'))} limit ${offset + limit})`)
  const parts = ownerIds.map((id) =>
    withHeld(
      recordType,
      include,
      id,
      sql`
        select ${columnNames(recordType)} from ${raw(recordType.table)}
        where owner_id = ${id} and id = any(array(select k.id from keys k where k.owner_id = ${id}))`,
    ),
  )
  const page = sql`
    with keys as materialized (
      select * from (${join(keys, ' union all ')}) as u order by id desc ${range}
    )
    ${join(
      parts.map((part) => sql`select * from (${part}) as own`),
      ' union all ',
    )}`
  return firstSlice(page, sql`id desc`, size)
}

/**
 * How many records are examined for a further slice: what each of them holds is looked up before its size is
 * known.
 */
const FURTHER_RECORDS = 10

/**
 * The rest of a page, slice by slice, after its first one.
 *
 * @param more reads the slice that follows a record, of at most this many records
 */
export async function* slices<From extends { readonly id: string }, Item>(
  first: readonly From[],
  expected: number,
  more: (after: string, limit: number) => Promise<From[]>,
  toItem: (row: From) => Item,
): AsyncGenerator<readonly Item[], void, undefined> {
  let left = expected
  const read = (last: From | undefined) => {
    if (last === undefined) return first
    return left > 0 ? more(last.id, Math.min(left, FURTHER_RECORDS)) : []
  }
  for await (const found of batches(read)) {
    yield found.map(toItem)
    left -= found.length
  }
}

/** One record of these owners; undefined if there is none. */
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

/** What a record currently holds. */
export async function heldBy(
  pool: Pool,
  recordType: RecordType,
  record: StoredRecord,
  include: ReadonlySet<string>,
): Promise<HoldingRecord> {
  if (recordType.holds.length === 0) return { ...record, held: {} }
  const itself = sql`select ${record.ownerId}::uuid as owner_id, ${record.id}::uuid as id`
  const [row] = await rows<Row>(pool, withHeld(recordType, include, record.ownerId, itself))
  if (!row) throw new Error('The query of what a record holds returned no row.')
  return { ...record, held: heldOf(recordType, row) }
}
