import sql, { type Sql } from 'sql-template-tag'
import type { Client } from './pool.js'

/**
 * Adds to the number of an owner's rows in a table, in the transaction that adds or removes them. The row stays locked
 * until that transaction ends: whoever adds much does it last, and whoever must be in order with others does it first.
 */
export async function addToTotal(
  client: Client,
  ownerId: string,
  resource: string,
  count: number,
): Promise<void> {
  if (count === 0) return
  await client.query(sql`
    insert into totals as t (owner_id, resource, total) values (${ownerId}, ${resource}, ${count})
    on conflict (owner_id, resource) do update set total = t.total + excluded.total`)
}

/** A query of how many rows the owners have in a table together. */
export const totalQuery = (ownerIds: readonly string[], resource: string): Sql => sql`
  select coalesce(sum(total), 0)::bigint from totals
  where owner_id = any(${ownerIds}::uuid[]) and resource = ${resource}`
