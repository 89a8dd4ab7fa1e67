import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { type Config, ConfigError } from './config/config.js'
import { type DataDir, openDataDir } from './data-dir/data-dir.js'
import { embeddedConnection } from './data-dir/postgres/embedded.js'
import type { Connection } from './db/connection.js'
import { isOutage } from './db/outage.js'
import { OwnerPools } from './db/owner-pool.js'
import { createPool } from './db/pool.js'
import { DatabaseAway, DatabaseNotSetUp, MigratedElsewhere } from './db/reach.js'
import { FolderLock } from './folder-lock.js'
import { createLogger } from './log/log.js'
import { Metrics } from './metrics.js'
import { Embedded, prepareStart } from './prepare-start.js'
import type { ServerDependencies } from './server.js'
import { StartError } from './start-error.js'
import { Credentials } from './tenants/credentials.js'
import { expectedApiKey } from './tenants/default-key.js'
import { defaultStore } from './tenants/owners.js'
import { clearIncoming } from './uploads/file.js'
import { mayHaveUploads } from './uploads/folder.js'
import { UploadsAway } from './uploads/store.js'
import { openUploadStores, type StoresOptions, type UploadStores } from './uploads/stores.js'
import { API_CONNECTIONS } from './worker/connection-budget.js'
import { type RunningWorker, startWorker } from './worker/start.js'

/** What a person needs to use the service. */
export interface Announcement {
  /** Where HTTP listens: `http://127.0.0.1:8080`. */
  readonly url: string
  /** The default store's key. Absent: this process leaves requests to others. */
  readonly apiKey?: string
}

/** The whole service, running. */
export interface Service extends Announcement {
  /**
   * Stops accepting requests, lets the running ones end and the jobs reach a checkpoint, and stops the
   * database.
   */
  stop(): Promise<void>
}

/** HTTP cannot listen on its port; the message is for the operator. */
export class CannotListen extends StartError {
  override name = 'CannotListen'
}

/**
 * How many of these connections serve requests of stores and organizations. The rest look up tokens and serve
 * `/readyz`.
 */
const SHARED_CONNECTIONS = 8
const CONNECTIONS_PER_OWNER = 5

/** How often to retry a database that is away. */
const RETRY_MS = 1000

/** How long a stop waits for running requests. */
const DRAIN_MS = 5000
const TIDY_MS = 50

export interface StartOptions {
  /** Aborts a start that is still waiting for the database. */
  readonly signal?: AbortSignal
  /**
   * If given, the start waits for a database that is away, and calls this once when it finds that out. HTTP
   * is listening then, and answers 503. The key is the one in the data directory; if it turns out to be
   * revoked, the service has another.
   */
  readonly onAway?: (announcement: Announcement) => void
}

/**
 * Starts everything: data directory, database, worker, HTTP. While the database is away, requests that need
 * it are answered with 503.
 *
 * @throws DataDirInUse, StoreInUse, CannotListen, DatabaseAway or UploadsAway without `onAway`, the signal's
 * reason, and what the database says. Nothing is left running then.
 */
export async function startService(config: Config, options: StartOptions = {}): Promise<Service> {
  const stack = new Stack()
  try {
    return await start(config, options, stack)
  } catch (error) {
    await stack.unwind()
    throw error
  }
}

/** What has been started, to be stopped in reverse order. */
class Stack {
  readonly #stops: (() => Promise<void>)[] = []

  push(stop: () => Promise<void>): void {
    this.#stops.push(stop)
  }

  async unwind(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop()
  }
}

async function start(config: Config, options: StartOptions, stack: Stack): Promise<Service> {
  let countDroppedLine = () => {}
  const logger = createLogger(config.logLevel, () => countDroppedLine())
  const dataDir = await openDataDir(config.dataDir)
  stack.push(() => dataDir.release())
  const storesOptions = await storesOf(config, dataDir)
  requireShared(config)
  const embedded = config.databaseUrl === undefined ? new Embedded(dataDir, logger) : undefined
  stack.push(async () => embedded?.stop())
  const connection: Connection =
    config.databaseUrl === undefined
      ? embeddedConnection(dataDir.path)
      : { connectionString: config.databaseUrl }
  const pool = createPool(
    connection,
    API_CONNECTIONS,
    (error) => logger.warn({ reason: error.message }, 'an idle database connection broke'),
    config.statementTimeoutSeconds,
  )
  stack.push(() => pool.end())

  const ownerPools = new OwnerPools(pool, {
    connections: SHARED_CONNECTIONS,
    connectionsPerOwner: CONNECTIONS_PER_OWNER,
    waitSeconds: config.statementTimeoutSeconds,
  })
  const metrics = new Metrics(pool, () => ownerPools.waiting)
  countDroppedLine = () => metrics.logLineDropped()
  const stores = openUploadStores(storesOptions, {
    identity: () => defaultStore(pool),
    emit: (request) => metrics.s3Requested(request),
  })

  const { signal } = options
  let worker: RunningWorker | undefined
  const onChange = (isHeld: boolean) => worker?.pause(!isHeld)
  const lock = new FolderLock({ stores, connection, logger, signal, onChange })
  stack.push(() => lock.release())
  const prepare = () => prepareStart({ config, dataDir, embedded, connection, pool, stores, signal, lock })
  // The embedded database starts while the HTTP application is loaded, which keeps this thread busy. Another server
  // may end a session that waits for the thread so long.
  const early = embedded && prepare()
  early?.catch(() => {})
  let isReady = false
  const app = await loadServer({
    config,
    logger,
    pool,
    poolOf: ownerPools.of,
    stores: metrics.counting(stores),
    credentials: new Credentials(pool),
    metrics,
    isReady: () => isReady && (stores.isShared || lock.isHeld),
  })
  // In parallel: requests end while the jobs reach their checkpoints.
  stack.push(async () => {
    await Promise.all([close(app).then(() => clearFolder(stores, dataDir)), worker?.stop()])
  })
  // Not earlier: if a start is impossible, its error must be the only line written.
  let listening: Promise<string> | undefined
  const openHttp = async () => {
    listening ??= listen(app, config)
    const url = await listening
    dataDir.announce(url)
    return url
  }
  const announceAway = async () => {
    const url = await openHttp()
    const apiKey = config.workerOnly ? undefined : await expectedApiKey(dataDir, config.apiKey)
    options.onAway?.({ url, ...(apiKey !== undefined && { apiKey }) })
  }
  const apiKey = await onceThere(early, prepare, options, logger, announceAway)

  if (!config.apiOnly) {
    const workerData = {
      connection,
      processId: dataDir.id,
      stores: storesOptions,
      retentionDays: config.retentionDays,
      allowPrivateWebhooks: config.allowPrivateWebhooks,
      isPaused: !lock.isHeld,
      logLevel: config.logLevel,
    }
    worker = startWorker(workerData, logger, (event) => metrics.workerDid(event))
  }
  isReady = true
  const url = await openHttp()
  return { url, ...(apiKey !== undefined && { apiKey }), stop: () => stack.unwind() }
}

/** Most of the program's modules belong to the application: they are loaded here, and not before. */
async function loadServer(dependencies: ServerDependencies): Promise<FastifyInstance> {
  const { buildServer } = await import('./server.js')
  const app = buildServer(dependencies)
  await app.ready()
  return app
}

/** With S3, the folder only if it may still have uploads from before. */
async function storesOf({ uploadStore: s3 }: Config, { layout, path, id }: DataDir): Promise<StoresOptions> {
  const folder = { path: layout.uploads.folder, id }
  const isNeeded = s3 === undefined || (await mayHaveUploads(path, folder))
  return { s3, folder: isNeeded ? folder : undefined }
}

/** What one process receives, another can run only if it reads the same store. */
function requireShared({ apiOnly, workerOnly, uploadStore }: Config): void {
  if (uploadStore !== undefined || !(apiOnly || workerOnly)) return
  throw new ConfigError(
    `${apiOnly ? 'API_ONLY' : 'WORKER_ONLY'} needs an upload store that other processes can reach; this process keeps uploads in a folder of its own. Set UPLOAD_STORE.`,
  )
}

const clearFolder = async ({ folder }: UploadStores, { layout }: DataDir): Promise<void> => {
  if (folder) await clearIncoming(layout.uploads.folder)
}

/** What a start has to wait for, in words; undefined: waiting does not help. */
function awayOf(error: unknown, isFirst: boolean): string | undefined {
  if (error instanceof UploadsAway) return 'the uploads are away'
  if (['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? ''))
    return 'there is no room on the disk'
  if (error instanceof MigratedElsewhere) return 'another process is migrating the database'
  // A server that was away may still be being set up, with its databases created last.
  const isComing = !isFirst && error instanceof DatabaseNotSetUp
  return isComing || error instanceof DatabaseAway || isOutage(error) ? 'the database is away' : undefined
}

/**
 * Tries what needs the database until it is available; other errors are thrown.
 *
 * @param early the first attempt, if it has begun already
 */
async function onceThere<T>(
  early: Promise<T> | undefined,
  attempt: () => Promise<T>,
  { signal, onAway }: StartOptions,
  logger: Logger,
  announceAway: () => Promise<void>,
): Promise<T> {
  const givenUp = signal ? [rejectedBy(signal)] : []
  for (let isFirst = true; ; isFirst = false) {
    signal?.throwIfAborted()
    try {
      return await Promise.race([(isFirst && early) || attempt(), ...givenUp])
    } catch (error) {
      const away = awayOf(error, isFirst)
      if (!onAway || away === undefined) throw error
      logger.warn({ reason: (error as Error).message }, `${away}; waiting`)
      if (isFirst) await announceAway()
    }
    await sleep(RETRY_MS, undefined, { ...(signal && { signal }) })
  }
}

/** Rejects with the signal's reason as soon as it is aborted, whether or not anybody waits for it. */
function rejectedBy(signal: AbortSignal): Promise<never> {
  const rejected = once(signal, 'abort').then(() => Promise.reject(signal.reason))
  rejected.catch(() => {})
  return rejected
}

/** Lets requests end, but not forever: an upload may take hours, and its client can start again. */
async function close(app: FastifyInstance): Promise<void> {
  const impatience = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS)
  // A client keeps its connection open for further requests.
  const tidying = setInterval(() => app.server.closeIdleConnections(), TIDY_MS)
  await app.close()
  clearInterval(tidying)
  clearTimeout(impatience)
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new CannotListen(`Port ${port} of ${host} is taken by another program. Set PORT to a free one.`)
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new CannotListen(`HTTP cannot listen on ${host}:${port} (${code}). Change HOST or PORT.`)
    }
    throw error
  }
  const address = app.server.address()
  const actual = typeof address === 'object' && address ? address.port : port
  return `http://${host.includes(':') ? `[${host}]` : host}:${actual}`
}
