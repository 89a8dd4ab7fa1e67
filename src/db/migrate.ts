import pg from 'pg'
import { StartError } from '../start-error.js'
import type { Connection } from './connection.js'
import { factsOf } from './facts.js'
import { MIGRATIONS, MIGRATIONS_TABLE, moveTable } from './migrations.js'
import { isOutage } from './outage.js'
import { connect } from './pool.js'
import { obstaclesOf } from './preconditions.js'
import { DatabaseNotSetUp, unreachable } from './reach.js'

/**
 * Brings the database to this version's schema by the SQL files in `migrations/`, each in a transaction of its own, after what
 * they need was checked. Processes that start at once on the same schema wait for one another.
 *
 * @param connections that have to be allowed at once.
 * @returns the schema of the tables: where the search_path of the role leads to, unless the connection has one.
 * @throws DatabaseAway if the server cannot be reached just now; DatabaseNotSetUp; StartError if it lets nobody in, does not
 * have what intake needs, or has the schema of a newer version; and when a migration fails.
 */
export async function migrate(connection: Connection, connections = 1): Promise<string> {
  const client = await connect(connection).catch((error: Error) => {
    throw unreachable(error, connection)
  })
  try {
    return await migrateBy(client, connections)
  } catch (error) {
    if (error instanceof pg.DatabaseError && !isOutage(error)) {
      throw new StartError(`The migration of the database failed, and was undone: ${error.message}.`)
    }
    throw error
  } finally {
    await client.end()
  }
}

async function migrateBy(client: pg.Client, connections: number): Promise<string> {
  await client.query("select pg_advisory_lock(hashtext('intake migrations'), hashtext(current_schema()))")
  const facts = await factsOf(client)
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
  if (migrations.missing.length > 0) await run(client, schema)
  return schema
}

async function run(client: pg.Client, schema: string): Promise<void> {
  // Loaded when there is something to do: it takes longer than the rest of most starts.
  const { runner } = await import('node-pg-migrate')
  await runner({
    dbClient: client,
    dir: MIGRATIONS,
    migrationsSchema: schema,
    migrationsTable: MIGRATIONS_TABLE,
    direction: 'up',
    noLock: true,
    // It would go by `run_on`, which earlier versions wrote in the time zone of the role.
    checkOrder: false,
    verbose: false,
    log: () => {},
  })
}
