import sql, { empty, join, raw, type Sql } from 'sql-template-tag'
import { listPage } from '../../db/list.js'
import { type Client, type Pool, rows } from '../../db/pool.js'
import { firstSlice, isWhole, SLICE_ROWS, type SliceRow } from '../../db/slices.js'
import type { Snapshots } from '../record-type.js'
import { MAX_SNAPSHOTS } from '../validate.js'
import {
  columnNames,
  type HoldingRecord,
  type Range,
  type Row,
  type SlicedPage,
  type StoredRecord,
  slices,
  storedSize,
  toRecord,
} from './records.js'

/** A snapshot: a record within another one. `holderId` is the other's id. */
export interface StoredSnapshot extends StoredRecord {
  readonly holderId: string
  /** The original's id; undefined: it was given inline. */
  readonly sourceId: string | undefined
  /** Of a list of which one is selected: whether it is this one. */
  readonly isSelected: boolean
}

/** The record that holds snapshots. */
export type Holder = Pick<StoredRecord, 'id' | 'ownerId'>

interface SnapshotRow extends Row {
  readonly holder_id: string
  readonly source_id: string | null
  readonly is_selected?: boolean | null
}

const toSnapshot = ({ to }: Snapshots, row: SnapshotRow): StoredSnapshot => ({
  ...toRecord(to, row),
  holderId: row.holder_id,
  sourceId: row.source_id ?? undefined,
  isSelected: row.is_selected === true,
})

function snapshotColumns({ to, table, selection }: Snapshots, ownerId: string): Sql {
  const holder =
    selection &&
    sql`
    (select o.${raw(selection.column)} from ${raw(selection.table)} o
     where o.owner_id = ${ownerId} and o.id = ${raw(table)}.holder_id)`
  return sql`holder_id, source_id, ${columnNames(to)} ${holder ? sql`, id = ${holder} as is_selected` : empty}`
}

/** A page of one record's snapshots, newest first. */
export async function listSnapshots(
  pool: Pool,
  held: Snapshots,
  holder: Holder,
  { offset, limit }: Range,
): Promise<SlicedPage<StoredSnapshot>> {
  const where = sql`from ${raw(held.table)} where owner_id = ${holder.ownerId} and holder_id = ${holder.id}`
  const slice = (part: Sql) =>
    firstSlice(
      sql`select ${snapshotColumns(held, holder.ownerId)} ${where} ${part}`,
      sql`id desc`,
      storedSize(held.to),
    )
  const { total, found } = await listPage<SnapshotRow>(pool, {
    total: sql`select count(*) ${where}`,
    page: slice(sql`order by id desc limit ${limit} offset ${offset}`),
    order: sql`r.id desc`,
  })
  const more = (after: string, left: number) =>
    rows<SnapshotRow>(
      pool,
      sql`${slice(sql`and id < ${after} order by id desc limit ${left}`)} order by id desc`,
    )
  return {
    total,
    slices: slices(found, Math.min(limit, total - offset), more, (row) => toSnapshot(held, row)),
  }
}

/** One snapshot of a record, by its own id or its original's; undefined: it holds none. */
export async function findSnapshot(
  db: Pool | Client,
  held: Snapshots,
  holder: Holder,
  id: string,
): Promise<StoredSnapshot | undefined> {
  const [row] = await rows<SnapshotRow>(
    db,
    sql`
      select ${snapshotColumns(held, holder.ownerId)}
      from ${raw(held.table)}
      where owner_id = ${holder.ownerId} and holder_id = ${holder.id} and (id = ${id} or source_id = ${id})
      order by id = ${id} desc
      limit 1`,
  )
  return row && toSnapshot(held, row)
}

/**
 * The snapshots that are named in the responses for some records, record by record, in the order in which
 * they were given.
 */
export async function* namedSnapshots(
  pool: Pool,
  held: Snapshots,
  records: readonly NamedHolder[],
): AsyncGenerator<readonly StoredSnapshot[], void, undefined> {
  let group: Part[] = []
  let size = 0
  for (const { id, ownerId, named } of records) {
    const count = named[held.attribute] ?? 0
    if (count === 0) continue
    if (size + count > SLICE_ROWS) {
      yield* snapshotsOf(pool, held, group)
      group = []
      size = 0
    }
    group.push({ id, ownerId, count, after: NO_ID })
    size += count
  }
  yield* snapshotsOf(pool, held, group)
}

/**
 * A record and how many of its snapshots are named, by the list's attribute. Small, since a page has
 * many.
 */
export interface NamedHolder extends Holder {
  readonly named: Readonly<Record<string, number>>
}

export const namedHolder = ({ id, ownerId, held }: HoldingRecord): NamedHolder => ({
  id,
  ownerId,
  named: Object.fromEntries(Object.entries(held).map(([attribute, { ids }]) => [attribute, ids.length])),
})

/** Snapshots of one record, in the order in which they were given. `only`: just those with these ids. */
export const snapshotsWithin = (
  pool: Pool,
  held: Snapshots,
  { id, ownerId }: Holder,
  only?: readonly string[],
): AsyncGenerator<readonly StoredSnapshot[], void, undefined> =>
  snapshotsOf(pool, held, [{ id, ownerId, count: MAX_SNAPSHOTS, after: NO_ID }], only)

/** Of one record, the `count` snapshots that follow the one with the id `after`. */
interface Part extends Holder {
  readonly count: number
  readonly after: string
}

const NO_ID = '00000000-0000-0000-0000-000000000000'

async function* snapshotsOf(
  pool: Pool,
  held: Snapshots,
  parts: readonly Part[],
  only?: readonly string[],
): AsyncGenerator<readonly StoredSnapshot[], void, undefined> {
  for (let left = parts; left.length > 0; ) {
    const found = await rows<SnapshotRow & SliceRow & { readonly place: number }>(
      pool,
      sql`${firstSlice(snapshotsPage(held, left, only), sql`place, id`, storedSize(held.to))} order by place, id`,
    )
    const last = found.at(-1)
    if (!last) return
    yield found.map((row) => toSnapshot(held, row))
    if (isWhole(found, SLICE_ROWS)) return
    const [current, ...others] = left.slice(last.place - 1)
    const count = (current?.count ?? 0) - found.filter(({ place }) => place === last.place).length
    left = current && count > 0 ? [{ ...current, count, after: last.id }, ...others] : others
  }
}

/** One owner's snapshots at a time, since a distributed PostgreSQL reads them where their owner's rows are. */
function snapshotsPage(held: Snapshots, parts: readonly Part[], only: readonly string[] | undefined): Sql {
  const ownerIds = [...new Set(parts.map(({ ownerId }) => ownerId))]
  const pages = ownerIds.map((ownerId) => {
    const own = parts.flatMap((part, index) =>
      part.ownerId === ownerId ? [{ ...part, place: index + 1 }] : [],
    )
    return sql`
      select h.place, s.*
      from (select * from unnest(${own.map(({ place }) => place)}::integer[], ${own.map(({ id }) => id)}::uuid[],
                                 ${own.map(({ count }) => count)}::integer[], ${own.map(({ after }) => after)}::uuid[])
                            as h(place, id, count, after)) as h
      cross join lateral (
        select ${snapshotColumns(held, ownerId)} from ${raw(held.table)}
        where owner_id = ${ownerId} and holder_id = h.id and id > h.after
          ${only ? sql`and id = any(${only}::uuid[])` : sql``}
        order by id limit h.count
      ) as s
      order by h.place, s.id limit ${SLICE_ROWS}`
  })
  const [page] = pages
  return page && pages.length === 1
    ? page
    : sql`
      select * from (${join(
        pages.map((one) => sql`(${one})`),
        ' union all ',
      )}) as u
      order by place, id limit ${SLICE_ROWS}`
}
