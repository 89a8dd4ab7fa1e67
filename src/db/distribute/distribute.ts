import { performance } from 'node:perf_hooks'
import pg from 'pg'
import sql, { raw } from 'sql-template-tag'
import { type Client, rows } from '../pool.js'
import { placedTables } from './citus.js'
import { DISTRIBUTED, DISTRIBUTION_COLUMN } from './tables.js'

const [FIRST] = DISTRIBUTED

/** A table that was just distributed. */
export interface DistributedTable {
  readonly table: string
  readonly rows: number
  readonly seconds: number
}

export interface Distributing {
  /** Where the tables are. */
  readonly schema: string
  /** How many shards each table gets, if none is distributed yet. */
  readonly shards: number
  /** Tables to leave as they are. */
  readonly except?: readonly string[]
  /** Called before each table; if it throws, the tables so far stay distributed. */
  readonly before?: (table: string) => Promise<void>
}

/**
 * Distributes the tables of the list that are there and not distributed yet, each in its own transaction: whoever
 * was interrupted continues with the next one.
 *
 * @throws what Citus says. The table that it refused is as it was.
 */
export async function distributeTables(
  client: Client,
  { schema, shards, except = [], before = async () => {} }: Distributing,
): Promise<DistributedTable[]> {
  const done: DistributedTable[] = []
  for (const table of await undistributed(client, schema)) {
    if (except.includes(table)) continue
    await before(table)
    const start = performance.now()
    const count = await distributeTable(client, schema, table, shards)
    done.push({ table, rows: count, seconds: (performance.now() - start) / 1000 })
  }
  await removeLocalRows(client, schema)
  return done
}

/** The tables that are not distributed and have rows: in a distributed database, that was interrupted. */
export async function leftToDistribute(client: Client, schema: string): Promise<string[]> {
  const left: string[] = []
  for (const table of await undistributed(client, schema)) {
    const [first] = await rows(client, sql`select 1 from ${raw(fullName(schema, table))} limit 1`)
    if (first !== undefined) left.push(table)
  }
  return left
}

const fullName = (schema: string, table: string): string =>
  `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`

/** The tables of the list that are in the schema and not distributed, in the order of the list. */
async function undistributed(client: Client, schema: string): Promise<string[]> {
  const distributed = (await placedTables(client, schema)).map(({ name }) => name)
  const there = await rows<{ name: string }>(
    client,
    sql`
      select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${schema} and c.relkind = 'r'`,
  )
  const names = new Set(there.map(({ name }) => name))
  return DISTRIBUTED.filter((name) => names.has(name) && !distributed.includes(name))
}

/** @returns how many rows it has */
async function distributeTable(
  client: Client,
  schema: string,
  table: string,
  shards: number,
): Promise<number> {
  const name = fullName(schema, table)
  await client.query('begin')
  try {
    // The mode that Citus takes: nobody writes from here on.
    await client.query(`lock table ${name} in exclusive mode`)
    const before = await countRows(client, name)
    const where =
      table === FIRST
        ? sql`shard_count => ${shards}::int, colocate_with => 'none'`
        : sql`colocate_with => ${fullName(schema, FIRST)}`
    await rows(client, sql`select create_distributed_table(${name}, ${DISTRIBUTION_COLUMN}, ${where})`)
    const after = await countRows(client, name)
    if (before !== after) throw new Error(`${table} had ${before} rows, and has ${after} when distributed`)
    await client.query('commit')
    if (after > 0) await client.query(`analyze ${name}`)
    return after
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}

async function countRows(client: Client, name: string): Promise<number> {
  const [counted] = await rows<{ count: number }>(client, sql`select count(*) as count from ${raw(name)}`)
  return counted?.count ?? 0
}

/**
 * Citus copies the rows into the shards and leaves the old ones where nobody sees them. A distributed table of
 * the coordinator is otherwise empty, so that what an interrupted run has left is found by its size.
 */
async function removeLocalRows(client: Client, schema: string): Promise<void> {
  const left = await rows<{ name: string }>(
    client,
    sql`
      select format('%I.%I', n.nspname, c.relname) as name
      from pg_dist_partition p
      join pg_class c on c.oid = p.logicalrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = ${schema} and c.relname = any(${DISTRIBUTED}::text[]) and p.partmethod = 'h'
        and pg_relation_size(c.oid) > 0`,
  )
  for (const { name } of left) {
    await rows(client, sql`select truncate_local_data_after_distributing_table(${name}::regclass)`)
  }
}
