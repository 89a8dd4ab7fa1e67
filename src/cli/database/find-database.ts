import { realpath } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { readConfig } from '../../config/read-config.js'
import { openDataDir } from '../../data-dir/data-dir.js'
import { DataDirInUse } from '../../data-dir/lock.js'
import { embeddedConnection, hasCluster, startEmbeddedPostgres } from '../../data-dir/postgres/embedded.js'
import type { Connection } from '../../db/connection.js'
import { migrate } from '../../db/migrate/migrate.js'
import { createPool, type Pool } from '../../db/pool.js'
import { defaultStore } from '../../tenants/owners.js'
import { CommandError, noDatabaseIn } from '../terminal/fail.js'

/** Where a command finds the database; the environment has the rest. */
export interface DatabaseFlags {
  readonly dataDir?: string
  readonly databaseUrl?: string
}

/** What a command does with a database that is not as it should be. */
export interface DatabaseOptions {
  /** Whether a missing data directory is created. A mistyped one should not be. */
  readonly mayCreate?: boolean
  /** Whether it goes on where distributing the database was interrupted. */
  readonly mayBePartlyDistributed?: boolean
}

/** How long to wait for an instance that is starting or stopping. */
const PATIENCE_MS = 30_000
const LOOK_AGAIN_MS = 100

/**
 * Runs `work` on the database of DATABASE_URL, or else on the embedded one of the data directory: that of the
 * service running there, or a server started just for this.
 *
 * @throws CommandError, ConfigError, the signal's reason, and what the start of the embedded server says.
 *   Nothing is left running then.
 */
export async function withDatabase<T>(
  flags: DatabaseFlags,
  { mayCreate = false, mayBePartlyDistributed = false }: DatabaseOptions,
  signal: AbortSignal,
  work: (pool: Pool) => Promise<T>,
): Promise<T> {
  const database = await findDatabase(placesOf(flags), mayCreate, signal)
  try {
    signal.throwIfAborted()
    return await onDatabase(database.connection, mayBePartlyDistributed, work)
  } finally {
    await database.release()
  }
}

/** Where the database is, for as long as it is needed. */
export interface Database {
  readonly connection: Connection
  release(): Promise<void>
}

export interface Places {
  readonly dataDir: string
  readonly databaseUrl: string | undefined
}

/** What the flags and the environment say. @throws ConfigError */
export function placesOf(flags: DatabaseFlags): Places {
  const { DATA_DIR, DATABASE_URL } = process.env
  return readConfig(flags, { DATA_DIR, DATABASE_URL })
}

/** The database as it is, neither migrated nor checked for an answer. @throws as `withDatabase` */
export async function findDatabase(
  { dataDir, databaseUrl }: Places,
  mayCreate: boolean,
  signal: AbortSignal,
): Promise<Database> {
  if (databaseUrl === undefined) return await embedded(dataDir, mayCreate, signal)
  return { connection: { connectionString: databaseUrl }, release: async () => {} }
}

async function onDatabase<T>(
  connection: Connection,
  mayBePartlyDistributed: boolean,
  work: (pool: Pool) => Promise<T>,
): Promise<T> {
  const schema = await migrate(connection, 1, mayBePartlyDistributed)
  const pool = createPool({ ...connection, schema }, 1, () => {})
  try {
    // Reserves its name, even if the service was never started.
    await defaultStore(pool)
    return await work(pool)
  } finally {
    await pool.end()
  }
}

/**
 * The database of the data directory: our own server, or that of the service that uses it. Waits for a
 * service that is starting or stopping.
 */
async function embedded(folder: string, mayCreate: boolean, signal: AbortSignal): Promise<Database> {
  const isNew = !hasCluster(folder)
  if (isNew && !mayCreate) throw noDatabaseIn(folder)
  if (isNew) process.stderr.write(`There is no database in ${folder} yet; creating one.\n`)
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    try {
      return await ownServer(folder)
    } catch (error) {
      if (!(error instanceof DataDirInUse)) throw error
      if (error.url !== undefined) {
        return { connection: embeddedConnection(await realpath(folder)), release: async () => {} }
      }
      if (Date.now() > deadline) {
        throw new CommandError(
          `Another instance uses the data directory ${folder}, but does not become ready.`,
        )
      }
    }
    await sleep(LOOK_AGAIN_MS, undefined, { signal })
  }
}

async function ownServer(folder: string): Promise<Database> {
  const dataDir = await openDataDir(folder)
  try {
    const postgres = await startEmbeddedPostgres(dataDir.path)
    return {
      connection: postgres.connection,
      async release() {
        await postgres.stop()
        await dataDir.release()
      },
    }
  } catch (error) {
    await dataDir.release()
    throw error
  }
}
