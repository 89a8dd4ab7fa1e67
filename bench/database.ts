import { realpath } from 'node:fs/promises'
import type pg from 'pg'
import { embeddedConnection } from '../src/data-dir/postgres/embedded.js'
import type { Connection } from '../src/db/connection.js'
import { connect } from '../src/db/pool.js'
import { recordTypes } from '../src/records/index.js'
import type { Server } from './server.js'

/** The tables that an import adds records to, and the copies that they hold. */
export const recordTables: readonly string[] = recordTypes.flatMap(({ table, holds }) => [
  table,
  ...holds.map((copies) => copies.table),
])

/** The embedded database of a data directory whose server runs. */
export const databaseOf = async (dataDir: string): Promise<Connection> =>
  embeddedConnection(await realpath(dataDir))

/** Gives `use` a connection to a server's own database, and closes it afterwards. */
export const withDatabase = async <T>(
  { dataDir }: Server,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> => withConnection(await databaseOf(dataDir), use)

/** The same to any database. */
export async function withConnection<T>(
  connection: Connection,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = await connect(connection)
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

/** Writes what the database has changed so far to disk, so that the next measurement does not pay for it. */
export const checkpoint = (server: Server): Promise<unknown> =>
  withDatabase(server, (client) => client.query('checkpoint'))
