import type { Connection } from '../connection.js'
import { type Client, connect } from '../pool.js'

/**
 * Whether a pooler gives a server's session to several clients in turn, as PgBouncer does with `pool_mode = transaction`. A lock
 * that one of them takes then stays with a session that others are given, and what one sets is set for others.
 *
 * @param client that has a session by the same address.
 * @returns false also where no second connection is to be had: then it is not known.
 */
export async function sharesSessions(client: Client, connection: Connection): Promise<boolean> {
  if (!('connectionString' in connection)) return false
  const before = await sessionOf(client)
  const other = await connect(connection).catch(() => undefined)
  if (!other) return false
  try {
    // While both are open, each has its own if sessions are not shared. A pooler gives the one that became free last, or first.
    const others = await sessionOf(other)
    const isShared = others === before || (await sessionOf(client)) !== before
    // What these connections have set is not to be met by other programs.
    if (isShared) await Promise.all([client.query('reset all'), other.query('reset all')])
    return isShared
  } finally {
    await other.end()
  }
}

/** Names a session of the server; a process id alone may be that of another server behind the same address. */
async function sessionOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    "select pid || ' since ' || backend_start as name from pg_stat_activity where pid = pg_backend_pid()",
  )
  return rows[0]?.name ?? ''
}
