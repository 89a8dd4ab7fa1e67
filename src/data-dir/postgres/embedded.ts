import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { lchown, mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '../../db/connection.js'
import { connect } from '../../db/pool.js'
import { DatabaseAway } from '../../db/reach.js'
import { StartError } from '../../start-error.js'
import { layoutOf } from '../layout.js'
import { isAlive, type ProcessIdentity } from '../process-identity.js'
import { type Binaries, findBinaries } from './binaries.js'
import { type DatabaseUser, databaseUser, fromWithin } from './database-user.js'
import {
  connectable,
  isDiskFull,
  isStopping,
  postmasterOf,
  programEnvironment,
  startServer,
  stopNow,
  stopServer,
} from './postmaster.js'
import { ServerLog } from './server-log.js'
import { clientSocketFolder, serverSocketFolder } from './socket-folder.js'

/** The embedded PostgreSQL of a data directory, running. */
export interface EmbeddedPostgres {
  readonly connection: Connection
  /** Stops the server, ending open transactions, and waits for it. */
  stop(): Promise<void>
}

const SUPERUSER = 'postgres'
const DATABASE = 'intake'

const WATCH_INTERVAL_MS = 500

/**
 * A server that is told to shut down while it recovers from a crash never ends (PostgreSQL 18); a healthy one
 * needs less.
 */
const LONGEST_STOP_MS = 20_000

/**
 * Starts the PostgreSQL under `dataDir`, which is created at the first start. A server that outlived a killed
 * Node process is taken over; one that died with it is started again and recovers.
 *
 * @param onRestart is called when the server died and is being restarted, and with the error if that failed.
 * @throws with a sentence for the operator if there are no binaries for this machine, or the server does not
 *   start.
 */
export async function startEmbeddedPostgres(
  dataDir: string,
  onRestart: (failure?: Error) => void = () => {},
): Promise<EmbeddedPostgres> {
  const { folder: cluster, unfinished, log } = layoutOf(dataDir).cluster
  const user = await databaseUser(cluster)
  const binaries = await findBinaries(user)
  if (!hasCluster(dataDir)) await createCluster(binaries, unfinished, cluster, user)
  await checkMajorVersion(cluster)

  const clientSockets = clientSocketFolder(dataDir)
  const maintenance = connectionTo(clientSockets, 'postgres')
  const place = {
    postgres: binaries.postgres,
    cluster,
    sockets: await serverSocketFolder(cluster, user),
    maintenance,
    log: new ServerLog(log),
    user,
  }
  let server: ProcessIdentity | undefined
  // A process that ends without `stop` ends the server too: nobody would be left to stop it.
  const stopWithUs = () => {
    if (server) stopNow(server)
  }
  process.once('exit', stopWithUs)
  const start = async () => {
    server = await startServer(place, (spawned) => {
      server = spawned
    })
  }
  try {
    if (await connectable(maintenance)) server = await postmasterOf(cluster, maintenance)
    else await start()
    await createDatabase(maintenance)
  } catch (error) {
    stopWithUs()
    process.off('exit', stopWithUs)
    throw error
  }
  const ended = new AbortController()
  const watching = restartWhenGone()
  return {
    connection: connectionTo(clientSockets, DATABASE),
    async stop() {
      ended.abort()
      await watching
      if (server) await stopServer(server, maintenance)
      process.off('exit', stopWithUs)
      if (place.sockets !== '.') await rm(place.sockets, { recursive: true, force: true })
    },
  }

  /** Restarts a server that dies while we run (killed, out of memory); the pools reconnect by themselves. */
  async function restartWhenGone(): Promise<void> {
    let stoppingSince: number | undefined
    while (!ended.signal.aborted) {
      await sleep(WATCH_INTERVAL_MS, undefined, { signal: ended.signal, ref: false }).catch(() => {})
      if (ended.signal.aborted) break
      if (server && isAlive(server)) {
        await place.log.limit().catch(() => {})
        stoppingSince = (await isStopping(cluster)) ? (stoppingSince ?? Date.now()) : undefined
        if (stoppingSince !== undefined && Date.now() - stoppingSince >= LONGEST_STOP_MS) stopNow(server)
        continue
      }
      stoppingSince = undefined
      onRestart()
      await start().catch(onRestart)
    }
  }
}

/**
 * The database of a data directory whose server another process runs. Starts nothing and does not check
 * whether it runs.
 *
 * @param dataDir absolute, without symbolic links, as that process has it.
 */
export const embeddedConnection = (dataDir: string): Connection =>
  connectionTo(clientSocketFolder(dataDir), DATABASE)

/** Whether `dataDir` already has a database. */
export const hasCluster = (dataDir: string): boolean =>
  existsSync(versionFile(layoutOf(dataDir).cluster.folder))

const versionFile = (cluster: string): string => join(cluster, 'PG_VERSION')

/** Every value is given, so that PGPORT, PGSSLMODE and the like in the environment change nothing. */
const connectionTo = (sockets: string, database: string) =>
  ({ host: sockets, port: 5432, user: SUPERUSER, database, ssl: false, schema: 'public' }) as const

/** Created beside its place and renamed into it, so that a crash leaves no incomplete cluster behind. */
async function createCluster(
  { initdb }: Binaries,
  unfinished: string,
  cluster: string,
  user: DatabaseUser | undefined,
): Promise<void> {
  await rm(unfinished, { recursive: true, force: true })
  await mkdir(unfinished, { mode: 0o700 })
  if (user) await lchown(unfinished, user.uid, user.gid)
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
  // Detached, like the server: a Ctrl-C is handled by us, once the cluster is complete.
  const child = spawn(initdb, args, {
    ...(user && { uid: user.uid, gid: user.gid }),
    env: programEnvironment(),
    cwd: unfinished,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const endWithUs = () => child.kill('SIGKILL')
  process.once('exit', endWithUs)
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const code = await new Promise<number | Error | null>((resolve) => {
    child.once('close', resolve)
    child.once('error', resolve)
  })
  process.off('exit', endWithUs)
  if (code !== 0) {
    const Kind = isDiskFull(said) ? DatabaseAway : StartError
    throw new Kind(`The embedded PostgreSQL could not be created: ${said.trim() || String(code)}`)
  }
  await rename(unfinished, cluster)
}

async function checkMajorVersion(cluster: string): Promise<void> {
  const version = (await readFile(versionFile(cluster), 'utf8')).trim()
  const ours = '18'
  if (version !== ours) {
    throw new StartError(
      `The embedded database in ${cluster} was written by PostgreSQL ${version}; this version of intake has ${ours}. ` +
        'Dump it with the version of intake that wrote it, and restore the dump into a new data directory.',
    )
  }
}

async function createDatabase(maintenance: Connection): Promise<void> {
  const client = await connect(maintenance)
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE])
    if (rowCount === 0) await client.query(`create database ${DATABASE}`)
  } finally {
    await client.end()
  }
}
