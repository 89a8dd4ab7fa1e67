import type { Connection } from '../connection.js'
import { type Client, connect } from '../pool.js'

/**
 * Whether a pooler shares a server's session between several clients, as PgBouncer does with `pool_mode =
 * transaction`. A lock that one of them takes then stays with a session that others get, and settings of one
 * apply to others.
 *
 * @param client that has a session by the same address.
 * @returns false also if no second connection can be opened: then it is unknown.
 */
export async function sharesSessions(client: Client, connection: Connection): Promise<boolean> {
  if (!('connectionString' in connection)) return false
  const before = await sessionOf(client)
  const other = await connect(connection).catch(() => undefined)
  if (!other) return false
  try {
    // While both are open, each has its own session if sessions are not shared. A pooler hands out the one
    // that became free last, or first.
    const others = await sessionOf(other)
    const isShared = others === before || (await sessionOf(client)) !== before
    // Other programs must not see what these connections have set.
    if (isShared) await Promise.all([client.query('reset all'), other.query('reset all')])
    return isShared
  } finally {
    await other.end()
  }
}

/**
 * Identifies a session of the server; a process id alone may be that of another server behind the same
 * address.
 */
async function sessionOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    "select pid || ' since ' || backend_start as name from pg_stat_activity where pid = pg_backend_pid()",
  )
  return rows[0]?.name ?? ''
}
