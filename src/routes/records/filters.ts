import sql, { join, raw, type Sql } from 'sql-template-tag'
import { isAnyOf } from '../../db/ref-key.js'
import type { FilterAttribute, FilterAttributes } from '../../http/lists/filter.js'
import type { FilterKind, RecordType } from '../../records/record-type.js'

/** What a list of a type can be filtered by (contract 5). */
export function filtersOf({ filters, references }: RecordType): FilterAttributes {
  const attributes: Record<string, FilterAttributes[string]> = {
    id: { kind: 'uuid', column: sql`id` },
    created_at: { kind: 'time', column: sql`created_at` },
    updated_at: { kind: 'time', column: sql`updated_at` },
  }
  for (const [name, kind] of Object.entries(filters)) {
    attributes[name] = filterOf(kind, raw(name))
  }
  for (const { attribute, refsAttribute, table } of references) {
    const holds = {
      column: sql`id`,
      condition: (values: readonly string[]) => sql`
        (owner_id, id) in (
          select s.owner_id, s.holder_id from ${raw(table)} s
          where ${isAnyOf(raw('s.external_ref'), values)})`,
    }
    attributes[`${attribute}.external_ref`] = { kind: 'member', ...holds }
    if (refsAttribute !== undefined) attributes[refsAttribute] = { kind: 'members', ...holds }
  }
  return attributes
}

function filterOf(kind: FilterKind, column: Sql): FilterAttribute {
  if (kind === 'reference') return { kind: 'member', column, condition: (values) => isAnyOf(column, values) }
  if (typeof kind === 'string') return { kind, column }
  const { conditions } = kind
  return {
    kind: { oneOf: Object.keys(conditions) },
    column,
    condition: (values) =>
      sql`(${join(
        values.map((value) => raw(conditions[value] ?? 'false')),
        ' or ',
      )})`,
  }
}
