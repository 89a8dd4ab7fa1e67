import sql, { empty, join, raw, type Sql } from 'sql-template-tag'
import { type Client, type Pool, rows } from '../../db/pool.js'
import { recordTypes } from '../../records/index.js'
import { holderIdName, type RecordType } from '../../records/record-type.js'

/** The types whose records may hold one of this type: a copy of it, or of all that it holds. */
const holderTypes = (recordType: RecordType): readonly RecordType[] =>
  recordTypes.filter(
    ({ references, content }) => references.some(({ to }) => to === recordType) || content?.to === recordType,
  )

/** Who may hold records of an owner: itself and its stores, as far as they have any record that could. */
export interface Holders {
  readonly ownerId: string
  /** The tables in which it has records that could. */
  readonly own: ReadonlySet<string>
  /** By store, the same of its stores. */
  readonly stores: ReadonlyMap<string, ReadonlySet<string>>
}

/** Read after the records are locked, so that nobody adds the first one meanwhile. */
export async function holdersOf(db: Pool | Client, ownerId: string): Promise<Holders> {
  // Owners and totals are on different nodes of a distributed PostgreSQL.
  const owners = await rows<{ id: string }>(
    db,
    sql`select o.id from owners o where o.id = ${ownerId} or o.parent_id = ${ownerId}`,
  )
  const found = await rows<{ owner_id: string; resources: string[] }>(
    db,
    sql`
      select t.owner_id, array_agg(t.resource) as resources
      from totals t
      where t.owner_id = any(${owners.map(({ id }) => id)}::uuid[]) and t.total > 0
        and t.resource = any(${HOLDER_TABLES}::text[])
      group by t.owner_id`,
  )
  const stores = new Map(found.map(({ owner_id, resources }) => [owner_id, new Set(resources)]))
  const own = stores.get(ownerId) ?? new Set()
  stores.delete(ownerId)
  return { ownerId, own, stores }
}

const HOLDER_TABLES = [
  ...new Set(recordTypes.flatMap((recordType) => holderTypes(recordType).map(({ table }) => table))),
]

/** What holds a record. */
export interface Holder {
  readonly type: string
  readonly id: string
}

/** A record that may be held. */
export interface MayBeHeld {
  readonly id: string
  readonly external_ref: string | null
}

/**
 * Which of an owner's records its stores hold, by id. One statement for each store, since the rows of two of them may
 * be on different nodes of a distributed PostgreSQL.
 */
export async function heldByStores(
  client: Client,
  recordType: RecordType,
  { stores }: Holders,
  records: readonly MayBeHeld[],
): Promise<ReadonlyMap<string, Holder>> {
  const held = new Map<string, Holder>()
  let left = records
  for (const [storeId, tables] of stores) {
    const holder = queryFor(recordType, storeId, tables, 'k')
    if (!holder) continue
    if (left.length === 0) break
    const found = await rows<Holder & { readonly held_id: string }>(
      client,
      sql`
        select k.id as held_id, h.type, h.id
        from (
          select * from unnest(${left.map(({ id }) => id)}::uuid[], ${left.map((one) => one.external_ref)}::text[])
                          as k(id, external_ref)
        ) as k
        cross join lateral ${holder} as h`,
    )
    if (found.length === 0) continue
    for (const { held_id, type, id } of found) held.set(held_id, { type, id })
    left = left.filter(({ id }) => !held.has(id))
  }
  return held
}

/**
 * A query for one record of the owner's own that holds another one: its `type` and `id`. Undefined: nothing can.
 *
 * @param record the alias of the row of the one that may be held
 * @param letsGo the condition that a holder, of this type and in the row of this alias, does not count
 */
export const holderOf = (
  recordType: RecordType,
  { ownerId, own }: Holders,
  record: string,
  letsGo?: (holderType: RecordType, holder: string) => Sql,
): Sql | undefined => queryFor(recordType, ownerId, own, record, letsGo)

/**
 * The same for any owner, which each part names as a constant, so that a distributed PostgreSQL looks where its rows
 * are.
 *
 * @param tables those in which it has any rows
 */
function queryFor(
  recordType: RecordType,
  ownerId: string,
  tables: ReadonlySet<string>,
  record: string,
  letsGo?: (holderType: RecordType, holder: string) => Sql,
): Sql | undefined {
  const queries = holderTypes(recordType).flatMap((holderType) => {
    const { type, table, references, content } = holderType
    if (!tables.has(table)) return []
    const holding = (from: string, id: string, where: Sql) => sql`
      (select ${type}::text as type, s.${raw(id)} as id from ${raw(from)} s
       where s.owner_id = ${ownerId} and ${where} ${counts(id)} limit 1)`
    // A holder's own row is read only if it matters, by its key.
    const alias = `${record}_${table}`
    const counts = (id: string) =>
      letsGo
        ? sql`
            and not coalesce((
              select ${letsGo(holderType, alias)} from ${raw(table)} ${raw(alias)}
              where ${raw(alias)}.owner_id = ${ownerId} and ${raw(alias)}.id = s.${raw(id)}), true)`
        : empty
    const copies = references.flatMap((reference) =>
      reference.to === recordType
        ? [holding(reference.table, 'holder_id', sql`s.source_id = ${raw(record)}.id`)]
        : [],
    )
    if (content?.to !== recordType) return copies
    return [...copies, ...byName(recordType, record).map((where) => holding(table, 'id', where))]
  })
  // As a query within the query, it is one that the planner cannot turn into a join.
  return queries.length === 0
    ? undefined
    : sql`(select h.* from (${join(queries, ' union all ')}) as h limit 1)`
}

/**
 * Whoever refers to a record has a copy of its `external_ref`, by which an index finds it; or that is null, as the
 * record's own is. Neither changes as long as the record is unchanged.
 */
function byName(recordType: RecordType, record: string): readonly Sql[] {
  const id = `s.${holderIdName(recordType)}`
  const ref = `s.${recordType.noun}_external_ref`
  return [
    raw(`${id} = ${record}.id and ${ref} is null`),
    raw(`${ref} is not null and ref_key(${ref}) = ref_key(${record}.external_ref) and ${id} = ${record}.id`),
  ]
}
