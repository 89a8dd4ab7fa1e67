import { randomUUID } from 'node:crypto'
import { chmod, copyFile, mkdir, readFile, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createPool, type PoolConnections } from '../../../src/db/pool.js'
import { setApiKey } from '../../../src/tenants/credentials.js'
import { generateApiKey } from '../../../src/tenants/secrets.js'
import { Api } from '../../support/api.js'
import { type Log, type ServeProcess, serve, temporaryFolder } from '../../support/service.js'
import { databaseOfARole, embeddedDatabase, type VictimDatabase } from './database.js'
import { recordTables } from './tables.js'
import { UploadsDisk } from './uploads-disk.js'

/** A store whose imports are tested. */
export interface Owner {
  readonly id: string
  readonly api: Api
}

/** The database of a service: its embedded one, or one with a restricted role and its own schema. */
export type VictimKind = 'embedded' | 'role'

/** What a process is started with; it lasts as long as the process. */
export interface Start {
  readonly environment?: Readonly<Record<string, string>>
  readonly log?: Log
}

/**
 * The service at a fixed address, to be killed, stopped and starved. Everything done to it can be done to any
 * service from outside.
 */
export class Victim {
  readonly dataDir: string
  readonly url: string
  /** A pool outside the service, which breaks with the server. */
  readonly pool: PoolConnections
  readonly #folder: Awaited<ReturnType<typeof temporaryFolder>>
  #server: ServeProcess | undefined
  /** The output of all processes so far. */
  #said = ''

  private constructor(
    folder: Awaited<ReturnType<typeof temporaryFolder>>,
    port: number,
    readonly uploads: UploadsDisk,
    readonly database: VictimDatabase,
  ) {
    this.#folder = folder
    this.dataDir = join(folder.path, 'data')
    this.url = `http://127.0.0.1:${port}`
    this.pool = createPool(database.asSuperuser, 2, () => {})
  }

  static async start(kind: VictimKind): Promise<Victim> {
    const folder = await temporaryFolder()
    const dataDir = join(folder.path, 'data')
    const uploads = await UploadsDisk.mount(join(dataDir, 'uploads'), join(folder.path, 'disk'))
    // Others may enter: the embedded database may run as another user.
    for (const place of [folder.path, dataDir]) await chmod(place, 0o711)
    const database =
      kind === 'embedded' ? embeddedDatabase(dataDir) : await databaseOfARole(join(folder.path, 'server'))
    const victim = new Victim(folder, await freePort(), uploads, database)
    await victim.revive()
    return victim
  }

  get pid(): number {
    return this.#running().process.pid ?? 0
  }

  get said(): string {
    return this.#said + (this.#server?.stderr() ?? '')
  }

  #running(): ServeProcess {
    if (!this.#server) throw new Error('The service does not run.')
    return this.#server
  }

  /** Starts the service, which must not run. */
  async revive({ environment, log }: Start = {}): Promise<void> {
    const { url } = this.database
    this.#server = await serve(
      {
        DATA_DIR: this.dataDir,
        PORT: new URL(this.url).port,
        ...(url !== undefined && { DATABASE_URL: url }),
        ...environment,
      },
      log,
    )
  }

  /** kill -9. The database keeps running. */
  async kill(): Promise<void> {
    await this.#running().kill()
    this.#forget()
  }

  /** SIGTERM. An embedded database is also stopped. */
  async stop(): Promise<void> {
    const code = await this.#running().stop()
    if (code !== 0)
      throw new Error(`The service ended with ${code} after SIGTERM:\n${this.said.slice(-2000)}`)
    this.#forget()
  }

  #forget(): void {
    this.#said = this.said.slice(-20_000)
    this.#server = undefined
  }

  signal(signal: NodeJS.Signals): void {
    this.#running().process.kill(signal)
  }

  /** Undefined while there is none. */
  async postmaster(): Promise<number | undefined> {
    const content = await readFile(join(this.database.cluster, 'postmaster.pid'), 'utf8').catch(() => '')
    return Number(content.split('\n')[0]) || undefined
  }

  /** Runs a statement from outside, as soon as the server can be reached. */
  async query<Row>(statement: string, values: unknown[] = []): Promise<Row[]> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return (await this.pool.query(statement, values)).rows
      } catch (error) {
        if (attempt === 1600) throw error
        await sleep(25)
      }
    }
  }

  async addOwner(): Promise<Owner> {
    const id = randomUUID()
    await this.query("insert into owners (id, kind, name) values ($1, 'store', $2) on conflict do nothing", [
      id,
      `store ${id}`,
    ])
    const key = generateApiKey()
    await setApiKey(this.pool, id, 'test', key)
    return { id, api: new Api(this.url, key) }
  }

  /**
   * A second process with the first one's uploads, which the lock of the data directory prevents, but not in
   * a folder shared by two machines. The first one has lost the session that holds the store's lock without
   * knowing it. So a job can be taken over from a living process.
   */
  async twin(): Promise<ServeProcess> {
    const folder = join(this.#folder.path, `twin-${randomUUID()}`)
    await mkdir(folder)
    await this.query(
      "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()",
    )
    await copyFile(join(this.dataDir, 'id'), join(folder, 'id'))
    await copyFile(join(this.dataDir, 'api-key'), join(folder, 'api-key'))
    await symlink(this.uploads.folder, join(folder, 'uploads'))
    return await serve({ DATA_DIR: folder, DATABASE_URL: this.database.outsideUrl })
  }

  /**
   * Removes everything that owners have, once it has been checked, so that the next schedule starts with as
   * much room.
   */
  async forgetOwners(): Promise<void> {
    const tables = [
      'imports',
      'import_counts',
      'import_errors',
      'import_error_kinds',
      'import_warnings',
      'import_changes',
      'totals',
    ]
    await this.query(`truncate ${[...tables, ...recordTables].join(', ')}`)
    await this.uploads.removeFiles()
  }

  /** Stops everything, whatever state it is in, and leaves nothing behind. */
  async end(): Promise<void> {
    await this.pool.end().catch(() => {})
    if (this.#server) {
      this.signal('SIGCONT')
      await this.#server.stop()
    }
    await this.database.stop()
    await this.uploads.unmount()
    await this.#folder.remove()
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('There is no free port.')
  return address.port
}
