import sql, { type Sql } from 'sql-template-tag'
import type { Client } from './pool.js'

/**
 * Adds to the numbers of an owner's rows in tables, in the transaction that adds or removes them. The totals
 * stay locked until that transaction ends: whoever adds many rows does this last, and whoever must be ordered
 * with others does it first.
 *
 * @param counts by the table's name; a negative one for rows that were removed.
 */
export async function addToTotals(
  client: Client,
  ownerId: string,
  counts: ReadonlyMap<string, number>,
): Promise<void> {
  const changed = [...counts].filter(([, count]) => count !== 0)
  if (changed.length === 0) return
  await client.query(sql`
    insert into totals as t (owner_id, resource, total)
    select ${ownerId}::uuid, c.resource, c.count
    from unnest(${changed.map(([resource]) => resource)}::text[], ${changed.map(([, count]) => count)}::bigint[]) as c(resource, count)
    on conflict (owner_id, resource) do update set total = t.total + excluded.total`)
}

/** A query for the number of rows that the owners have in a table together. */
export const totalQuery = (ownerIds: readonly string[], resource: string): Sql => sql`
  select coalesce(sum(total), 0)::bigint from totals
  where owner_id = any(${ownerIds}::uuid[]) and resource = ${resource}`
