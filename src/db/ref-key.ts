import sql, { type Sql } from 'sql-template-tag'

/**
 * The condition that a text column has one of these values, in a form that uses its index on `ref_key`
 * (migration 0008): the keys find the rows, and the values are then compared exactly.
 */
export const isAnyOf = (column: Sql, values: readonly string[]): Sql => sql`(
  ${column} is not null
  and ref_key(${column}) = any(array(select ref_key(value) from unnest(${values}::text[]) as value))
  and ${column} = any(${values}::text[]))`

/**
 * The condition that a column is one of these ids. As a query, their number is unknown to the planner, which otherwise
 * prefers to read all rows of an owner once there are many.
 */
export const isAnyId = (column: Sql, ids: readonly string[]): Sql =>
  sql`${column} = any(array(select unnest(${ids}::uuid[])))`

/** Whether `ref_key` of a text is the text itself, which then is no other text's. */
export const isOwnKey = (text: string): boolean => Buffer.byteLength(text) <= 1000 && !text.includes('\u0001')
