import sql, { type Sql } from 'sql-template-tag'

/**
 * Rows are read in slices of about this many bytes, as PostgreSQL stores them. That is often compressed: a
 * price map of 1 MB takes some 120 kB. At most 1,000 rows are examined for a slice.
 */
export const SLICE_BYTES = 64 * 1024
export const SLICE_ROWS = 1000

/** A row of a slice. `through`: the bytes up to and including this row. */
export interface SliceRow {
  readonly through: number
}

/**
 * A query for the first rows of `page`: as many as fit a slice, but at least one. Adding up stored sizes does
 * not decompress any value.
 *
 * @param order of the page, by its columns
 * @param size of a row in bytes, by the page's columns
 */
export const firstSlice = (page: Sql, order: Sql, size: Sql): Sql => sql`
  select * from (
    select p.*, sum(${size}) over (order by ${order} rows unbounded preceding) as through, ${size} as size
    from (${page}) as p
  ) as q
  where through - size < ${SLICE_BYTES}`

/** Whether nothing was cut off from a page of at most `limit` rows. */
export const isWhole = (found: readonly SliceRow[], limit: number): boolean =>
  found.length < limit && (found.at(-1)?.through ?? 0) < SLICE_BYTES
