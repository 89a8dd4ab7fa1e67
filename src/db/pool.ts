import pg from 'pg'
import type { Sql } from 'sql-template-tag'
import { addressOf, type Connection } from './connection.js'
import { isInFailedTransaction } from './errors.js'
import { prepareSession } from './session.js'

/** Where statements and transactions get a connection: a pool, or an owner's share of one. */
export interface Pool {
  query(statement: string | pg.QueryConfig, values?: unknown[]): Promise<pg.QueryResult>
  connect(): Promise<pg.PoolClient>
}

/** The connections themselves. */
export type PoolConnections = pg.Pool
export type Client = pg.ClientBase

const { builtins } = pg.types

/** `bigint` as a number: all of ours are counts, or were validated as safe integers. */
const toNumber = (text: string): number => Number(text)

/** `2017-01-10 11:41:19.24+00`, PostgreSQL's text in UTC, as RFC 3339 with microseconds (contract, head). */
export function toRfc3339(text: string): string {
  // Nearly all have six fraction digits and a four-digit year: a fast path handles those.
  if (text.length === 29 && text.charCodeAt(19) === POINT && text.endsWith('+00')) {
    return `${text.slice(0, 10)}T${text.slice(11, 26)}Z`
  }
  const match = /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\+00$/.exec(text)
  if (!match) throw new Error(`not a timestamp in UTC: ${text}`)
  const [, date, time, fraction = ''] = match
  return `${date}T${time}.${fraction.padEnd(6, '0')}Z`
}

const POINT = 0x2e

const types: pg.CustomTypesConfig = {
  getTypeParser(oid, format) {
    if (oid === builtins.INT8) return toNumber
    if (oid === builtins.TIMESTAMPTZ) return toRfc3339
    return pg.types.getTypeParser(oid, format)
  },
}

/**
 * What all our connections need: values in the forms above, and statements that are sent without waiting for
 * earlier ones.
 */
const clientConfig = (connection: Connection): pg.ClientConfig => ({
  application_name: 'intake',
  ...addressOf(connection),
  types,
  pipeline: true,
  connectionTimeoutMillis: 10_000,
  keepAlive: true,
})

/**
 * A pool of at most `max` connections. A connection that breaks while idle is dropped; the next query opens
 * another.
 *
 * @param connection its schema may be decided later; it applies to the connections opened from then on.
 * @param statementSeconds the longest that a statement may run or wait for a lock; 0: no limit.
 * @param lockSeconds the longest that a statement may wait for one lock; 0: no limit.
 * @throws StartError if the connection's URL cannot be used
 */
export function createPool(
  connection: Connection,
  max: number,
  onError: (error: Error) => void,
  statementSeconds = 0,
  lockSeconds = 0,
): PoolConnections {
  const pool = new pg.Pool({
    ...clientConfig(connection),
    max,
    async onConnect(client) {
      await prepareSession(client, connection.schema, { statementSeconds, lockSeconds })
    },
  })
  // While the pool is being closed, the server may end the connections first.
  pool.on('error', (error) => {
    if (!pool.ending) onError(error)
  })
  return pool
}

/**
 * A single connection. If it breaks, the running query reports that; there is no event in addition.
 *
 * @throws StartError if the connection's URL cannot be used; what `pg` throws if it cannot be opened
 */
export async function connect(connection: Connection): Promise<pg.Client> {
  const client = new pg.Client(clientConfig(connection))
  client.on('error', () => {})
  await client.connect()
  try {
    await prepareSession(client, connection.schema)
  } catch (error) {
    await client.end()
    throw error
  }
  return client
}

/**
 * Runs `work` in one transaction: committed when it returns, rolled back when it throws. Statements that
 * `work` does not await itself must be passed to `settled`, so that none is still running when it returns.
 */
export async function transaction<T>(pool: Pool, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  // The running statement fails by itself; without a listener, the event would end the process.
  const onError = (error: Error) => {
    broken = error
  }
  client.on('error', onError)
  try {
    // Awaited: a statement sent behind a failed rollback would be committed.
    await client.query('begin')
    const result = await work(client)
    await client.query('commit').catch((error: Error) => {
      undecided.add(error)
      throw error
    })
    return result
  } catch (error) {
    // A connection that cannot even roll back is not returned to the pool.
    await client.query('rollback').catch((failure: Error) => {
      broken = failure
    })
    throw error
  } finally {
    client.off('error', onError)
    client.release(broken)
  }
}

const undecided = new WeakSet<object>()

/** Whether what a `transaction` threw came while it was being committed: the commit may have taken place. */
export const mayBeCommitted = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && undecided.has(error)

/**
 * Waits until all of them have ended: statements, say, that were sent one behind the other.
 *
 * @throws what the first in their order was rejected with, but for those that failed because another one had
 */
export async function settled<T extends readonly unknown[]>(
  promises: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  const outcomes = await Promise.allSettled(promises)
  const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
  if (reasons.length > 0) throw reasons.find((reason) => !isInFailedTransaction(reason)) ?? reasons[0]
  return outcomes.map((outcome) => (outcome as PromiseFulfilledResult<unknown>).value) as unknown as T
}

/** Runs a statement written with `sql` and returns its rows. */
export async function rows<Row>(db: Pool | Client, statement: Sql): Promise<Row[]> {
  const { rows } = await db.query({ text: statement.text, values: statement.values })
  return rows as Row[]
}

const AS_WRITTEN: pg.CustomTypesConfig = { getTypeParser: () => (text: string) => text }

/** The same with each value as PostgreSQL writes it, which costs less where only its text is needed. */
export async function textRows<Row extends Readonly<Record<string, string | null>>>(
  db: Pool | Client,
  statement: Sql,
): Promise<Row[]> {
  const { rows } = await db.query({ text: statement.text, values: statement.values, types: AS_WRITTEN })
  return rows as Row[]
}
