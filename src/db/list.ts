import sql, { type Sql } from 'sql-template-tag'
import { type Client, type Pool, rows } from './pool.js'

/** Runs a statement: `rows`, or `textRows`. */
export type ReadRows<Row> = (db: Pool | Client, statement: Sql) => Promise<Row[]>

/**
 * A page of a list and the length of the whole list, both from the same moment: one statement reads them, so
 * that the total is exact while others write.
 *
 * @param total a query of one number
 * @param page the page's rows, each with an `id`
 * @param order the page's order, by its own columns
 */
export async function listPage<Row extends { readonly id: string }>(
  db: Pool | Client,
  { total, page, order }: { readonly total: Sql; readonly page: Sql; readonly order: Sql },
  read: ReadRows<Row> = rows,
): Promise<{ total: number; found: Row[] }> {
  const found = (await read(
    db,
    sql`
      with t(list_total) as materialized (${total}), r as materialized (${page})
      select r.*, t.list_total from t left join r on true order by ${order}`,
  )) as (Row & { readonly list_total: number | string })[]
  // An empty page is one row with only the total.
  return { total: Number(found[0]?.list_total ?? 0), found: found.filter(({ id }) => id !== null) }
}
