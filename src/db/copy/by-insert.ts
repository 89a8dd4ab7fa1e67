import sql, { empty, raw, type Sql } from 'sql-template-tag'
import { type Client, settled } from '../pool.js'

/** In whose transactions rows go into their tables by INSERT. */
const clients = new WeakSet<Client>()

export const isByInsert = (client: Client): boolean => clients.has(client)

/**
 * The end of an `insert … select`. A distributed PostgreSQL executes one that returns nothing by a COPY to its nodes;
 * one that returns something is an INSERT there, which tells why it is refused.
 */
export const returningIfByInsert = (client: Client): Sql => (isByInsert(client) ? sql`returning 1` : empty)

/**
 * Within `work`, what is copied goes into a temporary table, and from there into its own by INSERT. It is slower; but
 * a distributed PostgreSQL, which has no code for what its node said of a COPY, passes on what it says of an INSERT.
 */
export async function withoutCopy<T>(client: Client, work: () => Promise<T>): Promise<T> {
  clients.add(client)
  try {
    return await work()
  } finally {
    clients.delete(client)
  }
}

let count = 0

/** @param copyInto copies the rows into a table of the same columns */
export async function insertInto(
  client: Client,
  table: string,
  names: string,
  copyInto: (table: string) => Promise<void>,
): Promise<void> {
  count += 1
  const copied = `copied_${count}`
  await settled([
    client.query(
      `create temporary table ${copied} on commit drop as select ${names} from ${table} with no data`,
    ),
    copyInto(copied),
    client.query(sql`
      insert into ${raw(table)} (${raw(names)}) select ${raw(names)} from ${raw(copied)} ${returningIfByInsert(client)}`),
    client.query(`drop table ${copied}`),
  ])
}
