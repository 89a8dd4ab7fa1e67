import { fileURLToPath } from 'node:url'
import { runner } from 'node-pg-migrate'
import { StartError } from '../start-error.js'
import { type Connection, clientConfig, connect } from './pool.js'

/** Any number that nobody else uses: it names the lock under which processes that start at once migrate in turn. */
const MIGRATION_LOCK = 4_871_215_033

const OLDEST_SERVER = 150_000

/**
 * Brings the database to this version's schema by the SQL files in `migrations/`, each in a transaction of its own.
 * Processes that start at once wait for one another.
 *
 * @throws if the server is older than PostgreSQL 15, or a migration fails.
 */
export async function migrate(connection: Connection): Promise<void> {
  const client = await connect(clientConfig(connection))
  try {
    const { rows } = await client.query<{ server_version_num: string }>('show server_version_num')
    if (Number(rows[0]?.server_version_num) < OLDEST_SERVER) {
      throw new StartError(
        'The server of DATABASE_URL is older than PostgreSQL 15, the oldest that intake runs on.',
      )
    }
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    await runner({
      dbClient: client,
      dir: fileURLToPath(new URL('migrations', import.meta.url)),
      migrationsTable: 'migrations',
      direction: 'up',
      noLock: true,
      verbose: false,
      log: () => {},
    })
  } finally {
    await client.end()
  }
}
