import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from './config.js'
import { type DataDir, openDataDir } from './data-dir.js'
import { startEmbeddedPostgres } from './db/embedded.js'
import { migrate } from './db/migrate.js'
import { createPool, type Pool } from './db/pool.js'
import { startWorker } from './imports/start-worker.js'
import { removeStrayUploads } from './imports/stray-uploads.js'
import { createLogger } from './log.js'
import { buildServer } from './server.js'
import { StartError } from './start-error.js'
import { Credentials } from './tenants/credentials.js'
import { defaultApiKey } from './tenants/default-key.js'
import { clearIncoming, openFileStore } from './uploads/file.js'

/** The whole service, running. */
export interface Service {
  /** Where HTTP listens: `http://127.0.0.1:8080`. */
  readonly url: string
  /** The default store's key. */
  readonly apiKey: string
  /** Stops taking requests, lets the running ones end and the jobs reach a checkpoint, and stops the database. */
  stop(): Promise<void>
}

/** A port that HTTP cannot listen on: the message is for the operator. */
export class CannotListen extends StartError {
  override name = 'CannotListen'
}

const POOL_SIZE = 10

/** For so long a stop waits for requests that have begun. */
const DRAIN_MS = 5000

/**
 * Starts everything: data directory, database, worker, HTTP.
 *
 * @throws DataDirInUse, CannotListen, and what the database says. Nothing is left running then.
 */
export async function startService(config: Config): Promise<Service> {
  const stack = new Stack()
  try {
    return await start(config, stack)
  } catch (error) {
    await stack.unwind()
    throw error
  }
}

/** What has been started, to be stopped in the opposite order. */
class Stack {
  readonly #stops: (() => Promise<void>)[] = []

  push(stop: () => Promise<void>): void {
    this.#stops.push(stop)
  }

  async unwind(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop()
  }
}

async function start(config: Config, stack: Stack): Promise<Service> {
  const logger = createLogger(config.logLevel)
  const dataDir = await openDataDir(config.dataDir)
  stack.push(() => dataDir.release())
  const { pool, connection } = await openDatabase(config, dataDir, logger, stack)

  const folder = join(dataDir.path, 'uploads')
  const store = await openFileStore(folder, dataDir.id)
  await clearIncoming(folder)
  await removeStrayUploads(pool, store)

  const apiKey = await defaultApiKey(pool, dataDir, config.apiKey)

  const worker = startWorker(
    {
      connection,
      uploads: { folder, id: dataDir.id },
      logLevel: config.logLevel,
    },
    logger,
  )
  stack.push(() => worker.stop())

  const app = buildServer({ config, logger, pool, store, credentials: new Credentials(pool) })
  stack.push(() => close(app))
  const url = await listen(app, config)
  dataDir.announce(url)
  return { url, apiKey, stop: () => stack.unwind() }
}

async function openDatabase(config: Config, dataDir: DataDir, logger: Logger, stack: Stack) {
  const connection =
    config.databaseUrl === undefined ? await embedded() : { connectionString: config.databaseUrl }
  await migrate(connection)
  const pool: Pool = createPool(
    connection,
    POOL_SIZE,
    (error) => logger.warn({ reason: error.message }, 'an idle database connection broke'),
    config.statementTimeoutSeconds,
  )
  stack.push(() => pool.end())
  return { pool, connection }

  async function embedded() {
    const postgres = await startEmbeddedPostgres(dataDir.path, (failure) => {
      if (failure) logger.error({ err: failure }, 'the embedded PostgreSQL could not be started again')
      else logger.error('the embedded PostgreSQL ended unexpectedly; starting it again')
    })
    stack.push(() => postgres.stop())
    return postgres.connection
  }
}

/** Lets requests end, but not for ever: an upload may take hours, and its client can begin again. */
async function close(app: ReturnType<typeof buildServer>): Promise<void> {
  const impatience = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS)
  await app.close()
  clearTimeout(impatience)
}

async function listen(app: ReturnType<typeof buildServer>, { host, port }: Config): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new CannotListen(`Port ${port} of ${host} is taken by another program. Set PORT to a free one.`)
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new CannotListen(`HTTP cannot listen on ${host}:${port} (${code}). Set HOST and PORT to others.`)
    }
    throw error
  }
  const address = app.server.address()
  const actual = typeof address === 'object' && address ? address.port : port
  return `http://${host.includes(':') ? `[${host}]` : host}:${actual}`
}
