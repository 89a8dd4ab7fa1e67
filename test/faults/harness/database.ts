import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openDataDir } from '../../../src/data-dir/data-dir.js'
import { embeddedConnection, startEmbeddedPostgres } from '../../../src/data-dir/postgres/embedded.js'
import type { Connection } from '../../../src/db/connection.js'
import { connect } from '../../../src/db/pool.js'

/** The database of a service under test. */
export interface VictimDatabase {
  /** The service's DATABASE_URL; undefined: it uses its embedded database. */
  readonly url: string | undefined
  /** How other processes reach it, with the service's role. */
  readonly outsideUrl: string
  /** From outside the service. */
  readonly asSuperuser: Connection
  /** The role of the service. */
  readonly role: string
  readonly name: string
  /** The data directory of PostgreSQL. */
  readonly cluster: string
  stop(): Promise<void>
}

/** The embedded database of a data directory, which the service itself starts. */
export function embeddedDatabase(dataDir: string): VictimDatabase {
  const asSuperuser = embeddedConnection(dataDir)
  return {
    url: undefined,
    outsideUrl: urlOf(asSuperuser, 'postgres', 'intake'),
    asSuperuser,
    role: 'postgres',
    name: 'intake',
    cluster: join(dataDir, 'postgres'),
    stop: async () => {},
  }
}

const ROLE = 'shop'
const SCHEMA = 'app'

/**
 * A database on a separate server: its role has few rights, and its tables are in their own schema. This
 * process restarts the server when it dies.
 *
 * @param folder for the server, which is created
 */
export async function databaseOfARole(folder: string): Promise<VictimDatabase> {
  // PostgreSQL may run as another user, who must be able to enter the folder.
  await mkdir(folder, { mode: 0o711 })
  const dataDir = await openDataDir(join(folder, 'data'))
  const server = await startEmbeddedPostgres(dataDir.path)
  const asSuperuser = { ...server.connection, database: ROLE, schema: SCHEMA }
  await run(server.connection, `create role ${ROLE} login`, `create database ${ROLE} owner ${ROLE}`)
  await run(
    { ...asSuperuser, schema: 'public' },
    `create schema ${SCHEMA} authorization ${ROLE}`,
    `alter role ${ROLE} set search_path to ${SCHEMA}`,
    'revoke all on schema public from public',
  )
  const url = urlOf(server.connection, ROLE, ROLE)
  return {
    url,
    outsideUrl: url,
    asSuperuser,
    role: ROLE,
    name: ROLE,
    cluster: join(dataDir.path, 'postgres'),
    async stop() {
      await server.stop()
      await dataDir.release()
    },
  }
}

async function run(connection: Connection, ...statements: readonly string[]): Promise<void> {
  const client = await connect(connection)
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

function urlOf(connection: Connection, role: string, database: string): string {
  const host = 'host' in connection ? connection.host : ''
  return `postgresql://${role}@localhost/${database}?host=${encodeURIComponent(host)}`
}
