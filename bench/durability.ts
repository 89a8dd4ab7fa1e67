import type { Connection } from '../src/db/connection.js'
import { checkDurability } from '../src/doctor/database-checks.js'
import { withConnection } from './database.js'

/**
 * Asks a PostgreSQL server whether what it has committed outlives a crash: without that it is fast, and its
 * figures are of another service.
 *
 * @throws Error if `fsync`, `full_page_writes` or `synchronous_commit` is off
 */
export const requireDurability = (connection: Connection): Promise<void> =>
  withConnection(connection, async (client) => {
    const { status, found } = await checkDurability(client)
    if (status !== 'ok') throw new Error(`This server is not measured. ${found}`)
  })
