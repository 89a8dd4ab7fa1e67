import pg from 'pg'
import { MIGRATIONS } from '../../beside.js'
import { StartError } from '../../start-error.js'
import type { Connection } from '../connection.js'
import { distributeTables, leftToDistribute } from '../distribute/distribute.js'
import { DEFAULT_SHARDS } from '../distribute/tables.js'
import { isOutage } from '../outage.js'
import { connect } from '../pool.js'
import { DatabaseNotSetUp, unreachable } from '../reach.js'
import { factsOf } from './facts.js'
import { MIGRATIONS_TABLE, moveTable } from './migrations.js'
import { sharesSessions } from './pooling.js'
import { obstaclesOf } from './preconditions.js'
import { statementsIn } from './statements.js'
import { waitForTurn } from './turn.js'

/**
 * Brings the database to this version's schema by the SQL files in `migrations/`, each in its own
 * transaction, after checking the preconditions. Processes that start at the same time on the same schema
 * wait for one another.
 *
 * @param connections that have to be allowed at once.
 * @param mayBePartlyDistributed whether it is no error if distributing the database was interrupted.
 * @returns the schema of the tables: the first of the role's search_path, unless the connection names one.
 * @throws DatabaseAway if the server cannot be reached at the moment; MigratedElsewhere; DatabaseNotSetUp;
 * StartError if it refuses us, lacks what intake needs, or has the schema of a newer version; and
 * when a migration fails.
 */
export async function migrate(
  connection: Connection,
  connections = 1,
  mayBePartlyDistributed = false,
): Promise<string> {
  const client = await connect(connection).catch((error: Error) => {
    throw unreachable(error, connection)
  })
  try {
    return await migrateBy(client, connection, connections, mayBePartlyDistributed)
  } catch (error) {
    if (error instanceof pg.DatabaseError && !isOutage(error)) {
      throw new StartError(`The migration of the database failed and was rolled back: ${error.message}.`)
    }
    throw error
  } finally {
    await client.end()
  }
}

async function migrateBy(
  client: pg.Client,
  connection: Connection,
  connections: number,
  mayBePartlyDistributed: boolean,
): Promise<string> {
  // Before taking the lock, which would stay with a session that others get.
  const isShared = await sharesSessions(client, connection)
  if (!isShared) await waitForTurn(client)
  const facts = await factsOf(client, isShared)
  const [obstacle] = obstaclesOf(facts, connections)
  if (obstacle) {
    const Kind = obstacle.mayPass ? DatabaseNotSetUp : StartError
    throw new Kind(`${obstacle.found} ${obstacle.remedy}`)
  }
  const { schema, migrations } = facts
  if (schema === null) throw new Error('there is a precondition for a schema')
  if (migrations.unknown.length > 0) {
    throw new StartError(
      `The tables in the schema ${schema} belong to a newer version of intake: this one does not have its migration ${migrations.unknown.join(', ')}. ` +
        'Start that version, or restore a backup from before it.',
    )
  }
  await moveTable(client, schema, migrations)
  if (facts.citus?.isDistributed) {
    const left = await leftToDistribute(client, schema)
    if (left.length > 0 && !mayBePartlyDistributed) throw partlyDistributed(left)
    await runDistributed(client, schema, migrations.missing.length, left)
  } else if (migrations.missing.length > 0) await run(client, schema)
  return schema
}

const partlyDistributed = (left: readonly string[]): StartError =>
  new StartError(
    `Distributing the database was interrupted; it still has to be done for ${left.join(', ')}. Run: intake db distribute`,
  )

/**
 * What is new of a distributed database is distributed after each migration, since the next one may join it
 * with others. First come empty tables, which a process that died in between may have left.
 */
async function runDistributed(
  client: pg.Client,
  schema: string,
  missing: number,
  except: readonly string[],
): Promise<void> {
  const distributing = { schema, shards: DEFAULT_SHARDS, except }
  await distributeTables(client, distributing)
  for (let left = missing; left > 0; left -= 1) {
    await run(client, schema, 1)
    await distributeTables(client, distributing)
  }
}

/** @param count how many of the missing ones; all of them by default */
async function run(client: pg.Client, schema: string, count = Number.POSITIVE_INFINITY): Promise<void> {
  // Loaded only when needed: it takes longer than the rest of most starts.
  const { runner } = await import('node-pg-migrate')
  await runner({
    dbClient: oneByOne(client),
    dir: MIGRATIONS,
    migrationsSchema: schema,
    migrationsTable: MIGRATIONS_TABLE,
    direction: 'up',
    count,
    noLock: true,
    // It would order by `run_on`, which earlier versions wrote in the time zone of the role.
    checkOrder: false,
    verbose: false,
    log: () => {},
  })
}

/**
 * A client that sends each statement of a text by itself. Citus passes on to its workers the whole text that a
 * command came in.
 */
function oneByOne(client: pg.Client): pg.Client {
  const query = async (text: string, values?: unknown[]) => {
    if (values) return await client.query(text, values)
    let result = await client.query('')
    for (const statement of statementsIn(text)) result = await client.query(statement)
    return result
  }
  return Object.create(client, { query: { value: query } })
}
