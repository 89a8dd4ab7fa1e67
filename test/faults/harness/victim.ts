import { randomUUID } from 'node:crypto'
import { chmod, copyFile, mkdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { RandomNumbers } from '../../../bench/random.js'
import { createPool, type PoolConnections } from '../../../src/db/pool.js'
import { setApiKey } from '../../../src/tenants/credentials.js'
import { generateApiKey } from '../../../src/tenants/secrets.js'
import { Api } from '../../support/api.js'
import { type Relay, startRelay } from '../../support/relay.js'
import { type ServeProcess, serve, temporaryFolder } from '../../support/service.js'
import { UploadsBucket } from '../../support/uploads-bucket.js'
import { databaseOfARole, embeddedDatabase, type VictimDatabase } from './database.js'
import { Member, type Start } from './member.js'
import { recordTables } from './tables.js'
import { UploadsDisk } from './uploads-disk.js'

/** A store whose imports are tested. */
export interface Owner {
  readonly id: string
  readonly api: Api
}

/**
 * The database of a service: its embedded one, or one with a restricted role and its own schema. `several`: the
 * latter, with two processes that share their uploads by S3.
 */
export type VictimKind = 'embedded' | 'role' | 'several'

const PROCESSES = 2

/**
 * The service at a fixed address, to be killed, stopped and starved. Everything done to it can be done to any
 * service from outside.
 */
export class Victim {
  /** Where clients reach it; of several processes, each connection reaches one that listens. */
  readonly url: string
  /** A pool outside the service, which breaks with the server. */
  readonly pool: PoolConnections
  readonly #folder: Awaited<ReturnType<typeof temporaryFolder>>
  readonly #members: readonly Member[]
  readonly #front: Relay | undefined
  readonly #uploads: UploadsDisk | UploadsBucket
  #aimed = 0

  private constructor(
    folder: Awaited<ReturnType<typeof temporaryFolder>>,
    {
      members,
      front,
      uploads,
    }: { members: readonly Member[]; front?: Relay; uploads: UploadsDisk | UploadsBucket },
    readonly database: VictimDatabase,
  ) {
    this.#folder = folder
    this.#members = members
    this.#front = front
    this.#uploads = uploads
    this.url = front ? `http://127.0.0.1:${front.port}` : this.member.url
    this.pool = createPool(database.asSuperuser, 2, () => {})
  }

  static async start(kind: VictimKind): Promise<Victim> {
    return kind === 'several' ? await Victim.#startSeveral() : await Victim.#startOne(kind)
  }

  static async #startOne(kind: VictimKind): Promise<Victim> {
    const folder = await temporaryFolder()
    const dataDir = join(folder.path, 'data')
    const uploads = await UploadsDisk.mount(join(dataDir, 'uploads'), join(folder.path, 'disk'))
    // Others may enter: the embedded database may run as another user.
    for (const place of [folder.path, dataDir]) await chmod(place, 0o711)
    const database =
      kind === 'embedded' ? embeddedDatabase(dataDir) : await databaseOfARole(join(folder.path, 'server'))
    const { url } = database
    const member = await Member.of(dataDir, url === undefined ? {} : { DATABASE_URL: url })
    const victim = new Victim(folder, { members: [member], uploads }, database)
    await victim.revive()
    return victim
  }

  static async #startSeveral(): Promise<Victim> {
    const folder = await temporaryFolder()
    await chmod(folder.path, 0o711)
    const uploads = await UploadsBucket.start()
    const database = await databaseOfARole(join(folder.path, 'server'))
    const environment = {
      DATABASE_URL: database.outsideUrl,
      API_KEY: generateApiKey(),
      ...uploads.environment,
    }
    const members = await Promise.all(
      Array.from({ length: PROCESSES }, (_, n) => Member.of(join(folder.path, `data-${n}`), environment)),
    )
    const front = await startRelay(members.map(({ port }) => port))
    const victim = new Victim(folder, { members, front, uploads }, database)
    for (const member of members) await member.start()
    return victim
  }

  /** The process that something is done to. */
  get member(): Member {
    const member = this.#members[this.#aimed]
    if (!member) throw new Error('The service has no process.')
    return member
  }

  /** Chooses the process that something is done to. */
  aim(random: RandomNumbers): void {
    if (this.#members.length > 1) this.#aimed = random.below(this.#members.length)
  }

  get dataDir(): string {
    return this.member.dataDir
  }

  get pid(): number {
    return this.member.pid
  }

  get said(): string {
    return this.#members.map(({ said }) => said).join('')
  }

  get uploads(): UploadsDisk | UploadsBucket {
    return this.#uploads
  }

  /** The folder of uploads of its only process. */
  get disk(): UploadsDisk {
    if (this.#uploads instanceof UploadsDisk) return this.#uploads
    throw new Error('The uploads are in no folder.')
  }

  /** The bucket of uploads of its processes. */
  get bucket(): UploadsBucket {
    if (this.#uploads instanceof UploadsBucket) return this.#uploads
    throw new Error('The uploads are in no bucket.')
  }

  /** Starts the process, which must not run. */
  revive(start?: Start): Promise<void> {
    return this.member.start(start)
  }

  /** kill -9 of the process. The database keeps running. */
  kill(): Promise<void> {
    return this.member.kill()
  }

  /** SIGTERM. An embedded database is also stopped. */
  stop(): Promise<void> {
    return this.member.stop()
  }

  signal(signal: NodeJS.Signals): void {
    this.member.signal(signal)
  }

  /** Does something to each process. */
  async each(what: (member: Member) => Promise<void>): Promise<void> {
    await Promise.all(this.#members.map(what))
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
   * A further process. Of a service with one process it has the uploads, which the lock of the data directory
   * prevents, but not in a folder shared by two machines: the first one has lost the session that holds the
   * store's lock without knowing it. So a job can be taken over from a living process.
   */
  async twin(environment: Readonly<Record<string, string>> = {}): Promise<ServeProcess> {
    const folder = join(this.#folder.path, `twin-${randomUUID()}`)
    if (this.#uploads instanceof UploadsDisk) await this.#lend(folder, this.#uploads)
    return await serve({
      ...this.member.environment,
      DATA_DIR: folder,
      DATABASE_URL: this.database.outsideUrl,
      ...environment,
    })
  }

  async #lend(folder: string, uploads: UploadsDisk): Promise<void> {
    await mkdir(folder)
    await this.query(
      "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()",
    )
    await copyFile(join(this.dataDir, 'id'), join(folder, 'id'))
    await copyFile(join(this.dataDir, 'api-key'), join(folder, 'api-key'))
    await symlink(uploads.folder, join(folder, 'uploads'))
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
    await this.each((member) => member.end())
    await this.database.stop()
    await this.#front?.stop()
    await this.#uploads.end()
    await this.#folder.remove()
  }
}
