import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, rm, stat, statfs } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '../../db/connection.js'
import { connect } from '../../db/pool.js'
import { DatabaseAway } from '../../db/reach.js'
import { StartError } from '../../start-error.js'
import { identify, isAlive, isZombie, type ProcessIdentity, parentOf, signalTo } from '../process-identity.js'
import { type DatabaseUser, fromWithin } from './database-user.js'
import type { ServerLog } from './server-log.js'

/** What a server is run with. */
export interface ServerPlace {
  /** The program. */
  readonly postgres: string
  readonly cluster: string
  /** Where the server puts its socket. */
  readonly sockets: string
  /** How to reach the database that every cluster has. */
  readonly maintenance: Connection
  readonly log: ServerLog
  /** The user it runs as; undefined: our own. */
  readonly user: DatabaseUser | undefined
}

const START_TIMEOUT_MS = 60_000

/**
 * The server's settings. Durability is PostgreSQL's default: fsync, synchronous_commit and full_page_writes
 * are on. It listens on a socket in a private directory and on no TCP port.
 *
 * Its log is about the server itself. Errors of a session quote statements and customers' rows; our own log
 * has them, without those.
 */
const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '60',
  max_wal_size: '2GB',
  log_line_prefix: '%m [%p] ',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_statement: 'none',
  log_min_duration_statement: '-1',
  log_min_duration_sample: '-1',
  log_transaction_sample_rate: '0',
  log_duration: 'off',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_checkpoints: 'off',
}

const MIB = 2 ** 20

/**
 * An eighth of the memory that this process may use, from 128 MB to 512 MB: the pages of indexes that an import comes
 * back to stay within. With more, a stop right after a large import would have too much to write.
 */
const sharedBuffers = (): string => {
  const memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY)
  return `${Math.round(Math.min(Math.max(memory / 8 / MIB, 128), 512))}MB`
}

/** The settings of a server, but for where its socket is. */
export const serverSettings = (): Readonly<Record<string, string>> => ({
  ...SERVER_SETTINGS,
  shared_buffers: sharedBuffers(),
})

/**
 * Starts the server and waits until it answers. One that already answers is returned as it is.
 *
 * @param onSpawn receives the process at once, since it must be stopped even if this process ends before it
 * answers
 * @throws DatabaseAway if the disk is full; StartError with the log's last lines if it does not start
 */
export async function startServer(
  place: ServerPlace,
  onSpawn: (server: ProcessIdentity) => void,
): Promise<ProcessIdentity> {
  const { cluster, log, maintenance } = place
  const deadline = Date.now() + START_TIMEOUT_MS
  for (;;) {
    await removeStalePidFile(cluster)
    const { server, from } = await spawnServer(place)
    const own = server.pid === undefined ? undefined : identify(server.pid)
    if (own) onSpawn(own)
    const ended = exitOf(server)
    while (Date.now() < deadline) {
      if (await connectable(maintenance)) {
        server.unref()
        return await postmasterOf(cluster, maintenance)
      }
      if (await Promise.race([ended, sleep(10, false)])) break
    }
    const said = await log.since(from)
    // After kill -9 of the postmaster, its children need a moment to notice; until then a new one cannot
    // start.
    const leftovers = /pre-existing shared memory block|lock file ".*" already exists/.test(said)
    if (leftovers && Date.now() < deadline) {
      if (await connectable(maintenance)) return await postmasterOf(cluster, maintenance)
      await sleep(100)
      continue
    }
    const Kind = isDiskFull(said) || (await hasNoRoom(cluster)) ? DatabaseAway : StartError
    throw new Kind(
      `The embedded PostgreSQL did not start. Its log, ${log.file}, ends with:\n${lastLines(said)}`,
    )
  }
}

/** `from`: where its part of the log starts, in bytes. */
async function spawnServer(place: ServerPlace): Promise<{ server: ChildProcess; from: number }> {
  const { postgres, cluster, sockets, log, user } = place
  const settings = { ...serverSettings(), unix_socket_directories: sockets }
  const args = [
    ...['-D', fromWithin(user, cluster), '-p', '5432'],
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
  const handle = await log.open()
  try {
    const from = await log.size()
    // Detached: Ctrl-C in a terminal reaches the whole process group, but the server must stop after us, not
    // with us.
    const server = spawn(postgres, args, {
      ...(user && { uid: user.uid, gid: user.gid }),
      env: programEnvironment(),
      cwd: cluster,
      detached: true,
      stdio: ['ignore', handle.fd, handle.fd],
    })
    return { server, from }
  } finally {
    await handle.close()
  }
}

/**
 * The environment of PostgreSQL's programs: ours without the variables meant for another PostgreSQL (PGDATA,
 * PGOPTIONS, …).
 */
export const programEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')))

/** Resolves to true once the process has ended or could not be started. */
function exitOf(server: ChildProcess): Promise<true> {
  return new Promise((resolve) => {
    server.once('exit', () => resolve(true))
    server.once('error', () => resolve(true))
  })
}

/** Whether a PostgreSQL program that failed names a full disk (ENOSPC, EDQUOT) as the reason. */
export const isDiskFull = (said: string): boolean =>
  /No space left on device|Disk quota exceeded|disc quota exceeded/i.test(said)

/** PostgreSQL writes its log in segments of this size, and does not start without room for one. */
const WAL_SEGMENT_BYTES = 16 * 2 ** 20

/** Whether that may be the reason for a failure: on a full disk the server's log cannot say so. */
async function hasNoRoom(cluster: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(cluster)
  return bavail * bsize < WAL_SEGMENT_BYTES
}

const lastLines = (text: string): string => text.split('\n').slice(-10).join('\n')

/** Whether a server answers. One that is starting up or shutting down does not. */
export async function connectable(maintenance: Connection): Promise<boolean> {
  try {
    const client = await connect(maintenance)
    await client.end()
    return true
  } catch {
    return false
  }
}

/**
 * The process of the server that answers. `postmaster.pid` alone is not enough: its number may belong to
 * another process by now, or to another container. The parent of our own session's process is the server.
 *
 * @throws StartError if this process cannot see the server's process
 */
export async function postmasterOf(cluster: string, maintenance: Connection): Promise<ProcessIdentity> {
  const client = await connect(maintenance)
  try {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const server = parentOf(rows[0]?.pid ?? 0)
    if (server && server.pid === (await pidFile(cluster))?.pid) return server
    throw new StartError(
      `The embedded PostgreSQL in ${cluster} was started in another container or by another machine, sharing this folder. Stop it there first.`,
    )
  } finally {
    await client.end()
  }
}

/**
 * Stops the server and waits until it is gone. SIGINT is PostgreSQL's "fast shutdown": it ends the sessions,
 * writes a checkpoint and exits. While it recovers from a crash, PostgreSQL 18 starts one and never finishes
 * it.
 */
export async function stopServer(server: ProcessIdentity, maintenance: Connection): Promise<void> {
  if (!isAlive(server)) return
  if (await connectable(maintenance)) signalTo(server, 'SIGINT')
  else stopNow(server)
  while (isAlive(server)) await sleep(10)
}

/**
 * SIGQUIT is the "immediate shutdown": no checkpoint is written, and the next start recovers. Nothing is
 * lost.
 */
export const stopNow = (server: ProcessIdentity): void => signalTo(server, 'SIGQUIT')

/** Whether the server has been told to shut down. */
export const isStopping = async (cluster: string): Promise<boolean> =>
  (await pidFile(cluster))?.status === 'stopping'

/**
 * `postmaster.pid`: the first line is the process's number, the eighth its status. undefined: there is none.
 */
async function pidFile(cluster: string): Promise<{ pid: number; status: string | undefined } | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const lines = text.split('\n')
  return { pid: Number(lines[0]), status: lines[7]?.trim() }
}

/**
 * Removes a `postmaster.pid` that names a process which is certainly not the cluster's server: PostgreSQL
 * would not start as long as that process runs, or has ended and nobody reaps it, as in a container whose first
 * process does not. If that is not certain, PostgreSQL decides.
 */
async function removeStalePidFile(cluster: string): Promise<void> {
  if (process.platform !== 'linux') return
  const pid = (await pidFile(cluster))?.pid
  if (!pid || !(isZombie(pid) || (await isOther(pid, cluster)))) return
  await rm(join(cluster, 'postmaster.pid'), { force: true })
}

/** Whether a process runs that is certainly not the cluster's server. */
const isOther = async (pid: number, cluster: string): Promise<boolean> =>
  identify(pid) !== undefined && (!isPostgres(pid) || (await worksElsewhere(pid, cluster)))

/**
 * Whether a process may be a PostgreSQL server, by its program's name, of which the system keeps 15
 * characters. If the name cannot be read, it may be.
 */
function isPostgres(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'postgres'
  } catch {
    return true
  }
}

/** Whether a process has another working directory than a server of this cluster would. */
async function worksElsewhere(pid: number, cluster: string): Promise<boolean> {
  const own = await stat(cluster)
  // Not readable for those who may not trace the process, including root in a container.
  const its = await stat(`/proc/${pid}/cwd`).catch(() => undefined)
  return its !== undefined && (its.dev !== own.dev || its.ino !== own.ino)
}
