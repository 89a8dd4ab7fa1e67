import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { StartError } from '../../start-error.js'
import type { Connection } from '../connection.js'
import { isOutage } from '../outage.js'
import { connect } from '../pool.js'
import { DatabaseNotSetUp, MigratedElsewhere, unreachable } from '../reach.js'
import { factsOf } from './facts.js'
import { MIGRATIONS, MIGRATIONS_TABLE, moveTable } from './migrations.js'
import { sharesSessions } from './pooling.js'
import { obstaclesOf } from './preconditions.js'

/**
 * Brings the database to this version's schema by the SQL files in `migrations/`, each in its own
 * transaction, after checking the preconditions. Processes that start at the same time on the same schema
 * wait for one another.
 *
 * @param connections that have to be allowed at once.
 * @returns the schema of the tables: the first of the role's search_path, unless the connection names one.
 * @throws DatabaseAway if the server cannot be reached at the moment; MigratedElsewhere; DatabaseNotSetUp;
 * StartError if it refuses us, lacks what intake needs, or has the schema of a newer version; and
 * when a migration fails.
 */
export async function migrate(connection: Connection, connections = 1): Promise<string> {
  const client = await connect(connection).catch((error: Error) => {
    throw unreachable(error, connection)
  })
  try {
    return await migrateBy(client, connection, connections)
  } catch (error) {
    if (error instanceof pg.DatabaseError && !isOutage(error)) {
      throw new StartError(`The migration of the database failed and was rolled back: ${error.message}.`)
    }
    throw error
  } finally {
    await client.end()
  }
}

async function migrateBy(client: pg.Client, connection: Connection, connections: number): Promise<string> {
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
  if (migrations.missing.length > 0) await run(client, schema)
  return schema
}

const PATIENCE_MS = 5000
const LOOK_AGAIN_MS = 100

/** Takes the lock of migrations for the session. @throws MigratedElsewhere if another process keeps it */
async function waitForTurn(client: pg.Client): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const { rows } = await client.query<{ is_ours: boolean; pid: number | null }>(TURN)
    const [turn] = rows
    // Null: there is no schema, so nobody has a lock.
    if (turn?.is_ours !== false) return
    if (Date.now() > deadline) {
      const holder = turn.pid === null ? '' : `, by the server's process ${turn.pid}`
      throw new MigratedElsewhere(`Another process of intake is migrating the database${holder}.`)
    }
    await sleep(LOOK_AGAIN_MS)
  }
}

/**
 * A lock of two keys has them in `classid` and `objid`, without a sign, and 2 in `objsubid` (PostgreSQL,
 * 54.12 pg_locks).
 */
const TURN = `
  with keys as (select hashtext('intake migrations') as ours, hashtext(current_schema()) as of_schema)
  select pg_try_advisory_lock(ours, of_schema) as is_ours,
         (select pid from pg_locks
          where locktype = 'advisory' and granted and objsubid = 2
            and database = (select oid from pg_database where datname = current_database())
            and classid::bigint = ours::bigint & 4294967295 and objid::bigint = of_schema::bigint & 4294967295
          limit 1) as pid
  from keys`

async function run(client: pg.Client, schema: string): Promise<void> {
  // Loaded only when needed: it takes longer than the rest of most starts.
  const { runner } = await import('node-pg-migrate')
  await runner({
    dbClient: client,
    dir: MIGRATIONS,
    migrationsSchema: schema,
    migrationsTable: MIGRATIONS_TABLE,
    direction: 'up',
    noLock: true,
    // It would order by `run_on`, which earlier versions wrote in the time zone of the role.
    checkOrder: false,
    verbose: false,
    log: () => {},
  })
}
