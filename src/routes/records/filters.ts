import sql, { join, raw, type Sql } from 'sql-template-tag'
import { isAnyOf, isOwnKey } from '../../db/ref-key.js'
import { totalQuery } from '../../db/totals.js'
import type { FilterAttribute, FilterAttributes } from '../../http/lists/filter.js'
import type { Condition, FilterKind, RecordType } from '../../records/record-type.js'

/** What a list of a type can be filtered by (contract 5). */
export function filtersOf({ table, filters, references }: RecordType): FilterAttributes {
  const attributes: Record<string, FilterAttributes[string]> = {
    id: { kind: 'uuid', column: sql`id` },
    created_at: { kind: 'time', column: sql`created_at` },
    updated_at: { kind: 'time', column: sql`updated_at` },
  }
  for (const [name, kind] of Object.entries(filters)) {
    attributes[name] = filterOf(table, kind, raw(name))
  }
  for (const { attribute, refsAttribute, table: held } of references) {
    const holds = {
      column: sql`id`,
      condition: (values: readonly string[]) => sql`
        (owner_id, id) in (
          select s.owner_id, s.holder_id from ${raw(held)} s
          where ${isAnyOf(raw('s.external_ref'), values)})`,
    }
    attributes[`${attribute}.external_ref`] = { kind: 'member', ...holds }
    if (refsAttribute !== undefined) attributes[refsAttribute] = { kind: 'members', ...holds }
  }
  return attributes
}

function filterOf(table: string, kind: FilterKind, column: Sql): FilterAttribute {
  if (kind === 'reference') return { kind: 'member', column, condition: (values) => isAnyOf(column, values) }
  if (kind === 'text') return { kind, column, count: (values) => countOfText(table, column, values) }
  if (typeof kind === 'string') return { kind, column }
  const { conditions } = kind
  const isOneOf = (values: readonly string[]) =>
    values.map((value) => raw(conditions[value]?.where ?? 'false'))
  return {
    kind: { oneOf: Object.keys(conditions) },
    column,
    condition: (values) => sql`(${join(isOneOf(values), ' or ')})`,
    count: ([value = '', another]) => (another === undefined ? countOf(table, conditions, value) : undefined),
  }
}

/**
 * The query for how many rows of an owner have one text, if its key says all: there is no need then to compare the
 * texts, nor to read the rows in order.
 */
function countOfText(
  table: string,
  column: Sql,
  [value, another]: readonly string[],
): ((ownerId: string) => Sql) | undefined {
  if (value === undefined || another !== undefined || !isOwnKey(value)) return undefined
  return (ownerId) => sql`
    select count(*) from ${raw(table)}
    where owner_id = ${ownerId} and ${column} is not null and ref_key(${column}) = ${value}`
}

/** The query for how many rows of an owner a condition has, if it has a quicker one than to count them. */
function countOf(
  table: string,
  conditions: Readonly<Record<string, Condition>>,
  value: string,
): ((ownerId: string) => Sql) | undefined {
  const { parts, allBut } = conditions[value] ?? {}
  if (parts) {
    const counted = parts.map(
      (part) => (ownerId: string) =>
        sql`
      (select count(*) from ${raw(table)} where owner_id = ${ownerId} and ${raw(part)})`,
    )
    return (ownerId) =>
      sql`select ${join(
        counted.map((count) => count(ownerId)),
        ' + ',
      )} as count`
  }
  const others = allBut === undefined ? undefined : countOf(table, conditions, allBut)
  return (
    others && ((ownerId) => sql`select (${totalQuery([ownerId], table)}) - (${others(ownerId)}) as count`)
  )
}
