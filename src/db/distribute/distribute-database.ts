import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import sql from 'sql-template-tag'
import { StartError } from '../../start-error.js'
import { waitForTurn } from '../migrate/turn.js'
import { type Client, type Pool, rows } from '../pool.js'
import { citusOf, nodesOf, placedTables } from './citus.js'
import { type DistributedTable, distributeTables } from './distribute.js'
import { refusalsOf } from './obstacles.js'
import { databaseOf, databaseSettings, wrongDatabaseSettings } from './settings.js'
import { DEFAULT_SHARDS } from './tables.js'

/** What a run has found and done. */
export interface Distribution {
  /** Those that hold shards. */
  readonly nodes: readonly string[]
  readonly shards: number
  /** Those that this run has distributed. */
  readonly tables: readonly DistributedTable[]
}

export interface DistributeOptions {
  /** For each table; undefined: as many as there are, or DEFAULT_SHARDS. */
  readonly shards: number | undefined
  /** Called with each table's name before it is distributed. */
  readonly onTable: (table: string) => void
  /** Ends it; what is distributed so far stays. */
  readonly signal: AbortSignal
}

/**
 * Distributes the tables of a database whose schema is of this version. Can be repeated, also after it was
 * killed; then it continues.
 *
 * @param pool of one connection
 * @throws MigratedElsewhere; StartError if something is against it; the signal's reason
 */
export async function distributeDatabase(
  pool: Pool,
  { shards, onTable, signal }: DistributeOptions,
): Promise<Distribution> {
  const distribution = await withClient(pool, signal, async (client) => {
    // Whoever is killed must not leave a statement behind that goes on for hours.
    await client.query("set client_connection_check_interval to '1s'")
    await waitForTurn(client)
    const schema = await schemaOf(client)
    const refusals = await refusalsOf(client, await citusOf(client, schema), schema, shards)
    if (refusals.length > 0) {
      throw new StartError(refusals.map(({ found, remedy }) => `${found} ${remedy}`).join('\n'))
    }
    await refuseBeside(client)
    const database = await databaseOf(client)
    if (database.is_ours) for (const one of databaseSettings(database.name)) await client.query(one)
    const tables = await distributeTables(client, {
      schema,
      shards: shards ?? DEFAULT_SHARDS,
      before: async (table) => {
        signal.throwIfAborted()
        await refuseBeside(client)
        onTable(table)
      },
    }).catch((error: Error) => {
      throw error instanceof pg.DatabaseError ? refusedByCitus(error) : error
    })
    const [placed] = await placedTables(client, schema)
    const nodes = (await nodesOf(client)).filter((node) => node.holds_shards).map(({ name }) => name)
    return { nodes, shards: placed?.shards ?? 0, tables }
  })
  // In new sessions: those above began before the settings were there.
  await withClient(pool, signal, requireSettings)
  return distribution
}

/** Runs `work` on a session that is not used afterwards, and is broken off by the signal. */
async function withClient<T>(
  pool: Pool,
  signal: AbortSignal,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted()
  const client = await pool.connect()
  let breakOff = () => {}
  const aborted = new Promise<never>((_, reject) => {
    breakOff = () => reject(signal.reason)
    signal.addEventListener('abort', breakOff)
  })
  try {
    return await Promise.race([work(client), aborted])
  } finally {
    signal.removeEventListener('abort', breakOff)
    client.release(true)
  }
}

async function schemaOf(client: Client): Promise<string> {
  const [found] = await rows<{ schema: string | null }>(client, sql`select current_schema() as schema`)
  if (!found || found.schema === null) throw new Error('the tables have no schema')
  return found.schema
}

const refusedByCitus = ({ message, detail, hint }: pg.DatabaseError): StartError => {
  const more = [detail, hint].filter((text) => text !== undefined).join(' ')
  return new StartError(
    `Citus refuses: ${message.replace(/\.$/, '')}.${more === '' ? '' : ` ${more}`} What was distributed before stays so; run the command again once that is fixed.`,
  )
}

/** How long sessions that are just ending have for it. */
const PATIENCE_MS = 3000
const LOOK_AGAIN_MS = 100

/** @throws StartError if services or other commands of intake use the database */
async function refuseBeside(client: Client): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const others = await rows<{ client: string; sessions: number }>(
      client,
      sql`
        select coalesce(host(client_addr), 'this machine') as client, count(*) as sessions
        from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'
          and application_name in ('intake', current_setting('application_name'))
        group by 1 order by 1`,
    )
    if (others.length === 0) return
    if (Date.now() > deadline) {
      const where = others.map((one) => `${one.sessions} from ${one.client}`).join(', ')
      throw new StartError(
        `Intake uses the database (sessions: ${where}). Stop all its processes first: what they do while tables are half distributed would fail.`,
      )
    }
    await sleep(LOOK_AGAIN_MS)
  }
}

/** @throws StartError if the database's settings have not reached all nodes */
async function requireSettings(client: Client): Promise<void> {
  const wrong = await wrongDatabaseSettings(client)
  if (wrong.length === 0) return
  const { name } = await databaseOf(client)
  const found = wrong.map((one) => `${one.name} is ${one.value} on ${one.node}`).join(', ')
  throw new StartError(
    `The tables are distributed, but settings of the database have not reached all nodes: ${found}. ` +
      `Run on those nodes: ${databaseSettings(name).join('; ')};`,
  )
}
