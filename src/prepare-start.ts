import type { Logger } from 'pino'
import type { Config } from './config/config.js'
import type { DataDir } from './data-dir/data-dir.js'
import { requireSameDatabase } from './data-dir/database.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './data-dir/postgres/embedded.js'
import type { Connection } from './db/connection.js'
import { migrate } from './db/migrate/migrate.js'
import type { Pool } from './db/pool.js'
import type { FolderLock } from './folder-lock.js'
import { defaultApiKey } from './tenants/default-key.js'
import { defaultStore } from './tenants/owners.js'
import { clearIncoming } from './uploads/file.js'
import { openUploadsFolder } from './uploads/folder.js'
import { UploadsAway } from './uploads/store.js'
import type { UploadStores } from './uploads/stores.js'
import { connectionsOf } from './worker/connection-budget.js'

interface Preparation {
  readonly config: Config
  readonly dataDir: DataDir
  /** undefined: the database is another one. */
  readonly embedded: Embedded | undefined
  readonly connection: Connection
  readonly pool: Pool
  readonly stores: UploadStores
  /** Gives the start up: nothing more is started then, and what already runs is stopped meanwhile. */
  readonly signal: AbortSignal | undefined
  readonly lock: FolderLock
}

/**
 * Prepares everything that needs the database or the uploads. If it throws, it can be called again.
 *
 * @returns the default store's API key; undefined if this process takes no requests
 */
export async function prepareStart(preparation: Preparation): Promise<string | undefined> {
  const { config, dataDir, embedded, connection, pool, stores, signal, lock } = preparation
  if (stores.folder) await openUploadsFolder(dataDir.layout, dataDir.id).catch(unlessOld(stores))
  signal?.throwIfAborted()
  await embedded?.start()
  connection.schema = await migrate(connection, connectionsOf(config))
  signal?.throwIfAborted()
  await lock.hold()
  if (stores.folder) await clearIncoming(dataDir.layout.uploads.folder)
  await defaultStore(pool)
  if (stores.folder) {
    await requireSameDatabase(pool, dataDir.path, stores.folder).catch(unlessOld(stores))
  }
  await stores.current.requireThere()
  return config.workerOnly ? undefined : await defaultApiKey(pool, dataDir, config.apiKey)
}

/** Where new files go to S3, the folder may be away: only imports that it has the files of wait for it. */
const unlessOld =
  ({ current, folder }: UploadStores) =>
  (error: unknown): void => {
    if (!(error instanceof UploadsAway) || current === folder) throw error
  }

/**
 * The embedded PostgreSQL of the service, which may have to be started several times until there is room for
 * it.
 */
export class Embedded {
  readonly #dataDir: DataDir
  readonly #logger: Logger
  #running: Promise<EmbeddedPostgres> | undefined

  constructor(dataDir: DataDir, logger: Logger) {
    this.#dataDir = dataDir
    this.#logger = logger
  }

  /** Returns once it answers. Does nothing if it was already started. */
  async start(): Promise<void> {
    this.#running ??= startEmbeddedPostgres(this.#dataDir.path, (failure) => {
      if (failure) this.#logger.error({ err: failure }, 'the embedded PostgreSQL could not be restarted')
      else this.#logger.error('the embedded PostgreSQL ended unexpectedly; restarting it')
    })
    try {
      await this.#running
    } catch (error) {
      this.#running = undefined
      throw error
    }
  }

  async stop(): Promise<void> {
    const postgres = await this.#running?.catch(() => undefined)
    await postgres?.stop()
  }
}
