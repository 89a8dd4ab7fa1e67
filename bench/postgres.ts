import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { findBinaries } from '../src/data-dir/postgres/binaries.js'
import { databaseUser, fromWithin } from '../src/data-dir/postgres/database-user.js'
import { programEnvironment, serverSettings } from '../src/data-dir/postgres/postmaster.js'
import { connect } from '../src/db/pool.js'
import { withTempFolder } from './temp-folder.js'

/** A database that several processes share. */
export interface SharedDatabase {
  /** Its DATABASE_URL. */
  readonly url: string
  /** The first process of its PostgreSQL, if it runs here as one server. */
  readonly pid?: number
}

/** What the embedded server has, but for more connections: each process of the service takes up to 30. */
const settings = () => ({ ...serverSettings(), max_connections: '200', unix_socket_directories: '.' })

const START_MS = 60_000

/**
 * Starts a new PostgreSQL server of the embedded version, which belongs to none of the processes that use it,
 * gives its database to `use`, and removes it.
 */
export function withPostgres<T>(use: (database: SharedDatabase) => Promise<T>): Promise<T> {
  return withTempFolder(async (folder) => {
    const cluster = join(folder, 'postgres')
    const user = await databaseUser(cluster)
    const { initdb, postgres } = await findBinaries(user)
    await mkdir(cluster, { mode: 0o700 })
    if (user) await chown(cluster, user.uid, user.gid)
    const options = { ...(user && { uid: user.uid, gid: user.gid }), cwd: cluster, env: programEnvironment() }
    const place = ['-D', fromWithin(user, cluster)]
    const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']
    await promisify(execFile)(initdb, [...place, '--username=postgres', '--auth=trust', ...locale], options)
    const set = Object.entries(settings()).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    // Detached: Ctrl-C in a terminal reaches our whole process group, and the service has to stop before it.
    const server = spawn(postgres, [...place, ...set], { ...options, detached: true, stdio: 'ignore' })
    const kill = () => server.kill('SIGQUIT')
    process.once('exit', kill)
    const ended = once(server, 'exit')
    try {
      const url = `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(cluster)}`
      return await use({ url, pid: await answering(server, url) })
    } finally {
      // "Fast shutdown": it ends the sessions itself.
      server.kill('SIGINT')
      await ended
      process.off('exit', kill)
    }
  })
}

/** Waits until a server answers. @returns its process */
async function answering(server: ChildProcess, url: string): Promise<number> {
  const deadline = Date.now() + START_MS
  while (Date.now() < deadline && server.pid !== undefined && server.exitCode === null) {
    const client = await connect({ connectionString: url }).catch(() => undefined)
    if (client) {
      await client.end()
      return server.pid
    }
    await sleep(20)
  }
  throw new Error(`PostgreSQL does not answer (exit code ${server.exitCode}).`)
}
