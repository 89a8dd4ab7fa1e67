import sql, { empty, join, raw, type Sql } from 'sql-template-tag'
import { type Client, type Pool, rows } from '../../db/pool.js'
import { recordTypes } from '../../records/index.js'
import { holderIdName, type RecordType } from '../../records/record-type.js'

/** The types whose records may hold one of this type: a copy of it, or of all that it holds. */
const holderTypes = (recordType: RecordType): readonly RecordType[] =>
  recordTypes.filter(
    ({ references, content }) => references.some(({ to }) => to === recordType) || content?.to === recordType,
  )

/** By table, the owners whose records may hold one. */
export type Owners = ReadonlyMap<string, readonly string[]>

/**
 * Who may hold records of an owner: itself and its stores, as far as they have any record that could. Read after the
 * records are locked, so that nobody adds the first one meanwhile.
 */
export async function ownersOfHolders(db: Pool | Client, ownerId: string): Promise<Owners> {
  // Owners and totals are on different nodes of a distributed PostgreSQL.
  const owners = await rows<{ id: string }>(
    db,
    sql`select o.id from owners o where o.id = ${ownerId} or o.parent_id = ${ownerId}`,
  )
  const found = await rows<{ resource: string; owner_ids: string[] }>(
    db,
    sql`
      select t.resource, array_agg(t.owner_id) as owner_ids
      from totals t
      where t.owner_id = any(${owners.map(({ id }) => id)}::uuid[]) and t.total > 0
        and t.resource = any(${HOLDER_TABLES}::text[])
      group by t.resource`,
  )
  return new Map(found.map(({ resource, owner_ids }) => [resource, owner_ids]))
}

const HOLDER_TABLES = [
  ...new Set(recordTypes.flatMap((recordType) => holderTypes(recordType).map(({ table }) => table))),
]

/**
 * A query for one record that holds another one: its `type`, `id` and `owner_id`. Undefined: nothing can.
 *
 * @param record the alias of the row of the one that may be held
 * @param letsGo the condition that a holder, of this type and in the row of this alias, does not count
 */
export function holderOf(
  recordType: RecordType,
  owners: Owners,
  record: string,
  letsGo?: (holderType: RecordType, holder: string) => Sql,
): Sql | undefined {
  const queries = holderTypes(recordType).flatMap((holderType) => {
    const { type, table, references, content } = holderType
    const ownerIds = owners.get(table)
    if (!ownerIds) return []
    const holding = (from: string, id: string, where: Sql) => sql`
      (select ${type}::text as type, s.${raw(id)} as id, s.owner_id from ${raw(from)} s
       where s.owner_id = any(${ownerIds}::uuid[]) and ${where} ${counts(id)} limit 1)`
    // As a constant, so that a distributed PostgreSQL looks where the owner's rows are.
    const [only = '', ...others] = ownerIds
    const ownerOfHolder = others.length === 0 ? sql`${only}` : sql`s.owner_id`
    // A holder's own row is read only if it matters, by its key.
    const alias = `${record}_${table}`
    const counts = (id: string) =>
      letsGo
        ? sql`
            and not coalesce((
              select ${letsGo(holderType, alias)} from ${raw(table)} ${raw(alias)}
              where ${raw(alias)}.owner_id = ${ownerOfHolder} and ${raw(alias)}.id = s.${raw(id)}), true)`
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
