import { readdir } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { StartError } from '../start-error.js'
import type { Connection } from './connection.js'
import { isOutage } from './outage.js'
import { type Client, connect } from './pool.js'

/** Any number that nobody else uses: it names the lock under which processes that start at once migrate in turn. */
const MIGRATION_LOCK = 4_871_215_033

const DIRECTORY = fileURLToPath(new URL('migrations', import.meta.url))

/** As `server_version_num` has it. */
export const OLDEST_SERVER = 150_000

/** The database is away: nothing is wrong with how it is named, so it may be there soon. */
export class DatabaseAway extends StartError {
  override name = 'DatabaseAway'
}

/** The server is there and does not have the database; while it is being set up, it may come. */
export class DatabaseMissing extends StartError {
  override name = 'DatabaseMissing'
}

/** PostgreSQL, appendix A: `invalid_catalog_name`. */
const NO_SUCH_DATABASE = '3D000'

/**
 * Brings the database to this version's schema by the SQL files in `migrations/`, each in a transaction of its own.
 * Processes that start at once wait for one another.
 *
 * @throws DatabaseAway if the server cannot be reached just now; DatabaseMissing; StartError if it lets nobody in, is older than PostgreSQL 15, or
 * has the schema of a newer version; and when a migration fails.
 */
export async function migrate(connection: Connection): Promise<void> {
  const client = await connect(connection).catch((error: Error) => {
    const isMissing = (error as NodeJS.ErrnoException).code === NO_SUCH_DATABASE
    const Kind = isMissing ? DatabaseMissing : isOutage(error) ? DatabaseAway : StartError
    throw new Kind(`The database ${nameOf(connection)} cannot be reached: ${reasonOf(error)}.`)
  })
  try {
    const { rows } = await client.query<{ server_version_num: string }>('show server_version_num')
    if (Number(rows[0]?.server_version_num) < OLDEST_SERVER) {
      throw new StartError(
        'The server of DATABASE_URL is older than PostgreSQL 15, the oldest that intake runs on.',
      )
    }
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    const { missing, unknown } = await migrationsOf(client)
    if (unknown.length > 0) {
      throw new StartError(
        `The database ${nameOf(connection)} belongs to a newer version of intake: this one does not have its migration ${unknown.join(', ')}. ` +
          'Start that version, or restore a backup from before it.',
      )
    }
    if (missing.length === 0) return
    // Loaded when there is something to do: it takes longer than the rest of most starts.
    const { runner } = await import('node-pg-migrate')
    await runner({
      dbClient: client,
      dir: DIRECTORY,
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

/** The migrations of this version that the database lacks, and those that it has from another. */
export async function migrationsOf(client: Client): Promise<{ missing: string[]; unknown: string[] }> {
  const ours = (await readdir(DIRECTORY)).map((file) => basename(file, '.sql')).sort()
  const { rowCount } = await client.query(
    "select from pg_tables where tablename = 'migrations' and schemaname = current_schema()",
  )
  if (rowCount === 0) return { missing: ours, unknown: [] }
  const { rows } = await client.query<{ name: string }>('select name from migrations order by name')
  const done = rows.map(({ name }) => name)
  return {
    missing: ours.filter((name) => !done.includes(name)),
    unknown: done.filter((name) => !ours.includes(name)),
  }
}

const nameOf = (connection: Connection): string =>
  'host' in connection ? `in ${connection.host}` : 'of DATABASE_URL'

/** Why a connection failed. Node says of a host with several addresses only that all of them did. */
export function reasonOf(error: Error): string {
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : [error]
  const { message, code } = (first ?? error) as NodeJS.ErrnoException
  return message || code || error.name
}
