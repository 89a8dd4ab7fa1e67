import sql, { type Sql } from 'sql-template-tag'

/**
 * The condition that a text column has one of these values, in the form that its index on `ref_key` answers (migration
 * 0008): by the keys, which find the rows, and exactly.
 */
export const isAnyOf = (column: Sql, values: readonly string[]): Sql => sql`(
  ${column} is not null
  and ref_key(${column}) = any(array(select ref_key(value) from unnest(${values}::text[]) as value))
  and ${column} = any(${values}::text[]))`
