import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { embeddedConnection } from '../../../src/data-dir/embedded.js'
import { createPool, type PoolConnections } from '../../../src/db/pool.js'
import { setApiKey } from '../../../src/tenants/credentials.js'
import { generateApiKey } from '../../../src/tenants/secrets.js'
import { Api } from '../../support/api.js'
import { type ServeProcess, serve, temporaryFolder } from '../../support/service.js'

const run = promisify(execFile)

/** A store whose imports are put to the test. */
export interface Owner {
  readonly id: string
  readonly api: Api
}

/** How much room there is for uploads, where they can have a file system of their own. */
const UPLOAD_MIB = 256

/**
 * The service with its embedded PostgreSQL, at an address that stays, to be killed, stopped and starved. All that is
 * done to it can be done to any service from outside.
 */
export class Victim {
  readonly dataDir: string
  readonly url: string
  /** Outside of the service; broken by what breaks the server. */
  readonly pool: PoolConnections
  readonly #folder: Awaited<ReturnType<typeof temporaryFolder>>
  readonly #ownFileSystem: boolean
  #server: ServeProcess | undefined
  /** What all processes so far have said. */
  #said = ''

  private constructor(
    folder: Awaited<ReturnType<typeof temporaryFolder>>,
    port: number,
    ownFileSystem: boolean,
  ) {
    this.#folder = folder
    this.dataDir = join(folder.path, 'data')
    this.url = `http://127.0.0.1:${port}`
    this.#ownFileSystem = ownFileSystem
    this.pool = createPool(embeddedConnection(this.dataDir), 2, () => {})
  }

  static async start(): Promise<Victim> {
    const folder = await temporaryFolder()
    const uploads = join(folder.path, 'data', 'uploads')
    await mkdir(uploads, { recursive: true, mode: 0o700 })
    // Others may pass through: the embedded database may run as another user.
    await run('chmod', ['711', folder.path, join(folder.path, 'data')])
    const mounted = await run('mount', [
      ...['-t', 'tmpfs', '-o', `size=${UPLOAD_MIB}m,mode=700`],
      ...['tmpfs', uploads],
    ]).then(
      () => true,
      () => false,
    )
    const victim = new Victim(folder, await freePort(), mounted)
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
  async revive(): Promise<void> {
    this.#server = await serve({ DATA_DIR: this.dataDir, PORT: new URL(this.url).port })
  }

  /** kill -9. The database goes on. */
  async kill(): Promise<void> {
    await this.#running().kill()
    this.#forget()
  }

  /** SIGTERM. The database is stopped as well. */
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
    const content = await readFile(join(this.dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '')
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

  /** The names of the files of uploads, whole ones and those still coming in. */
  async uploads(): Promise<{ whole: string[]; incoming: string[] }> {
    const folder = join(this.dataDir, 'uploads')
    const whole = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'))
    return { whole: whole.sort(), incoming: await readdir(join(folder, 'incoming')) }
  }

  /**
   * Leaves room for so many bytes of uploads while `use` runs: by filling the file system, or, where they have none of
   * their own, by a limit of the process.
   */
  async starved(freeBytes: number, use: () => Promise<void>): Promise<void> {
    if (!this.#ownFileSystem) {
      const pid = String(this.pid)
      await run('prlimit', ['--pid', pid, `--fsize=${freeBytes}:`])
      await use().finally(() => run('prlimit', ['--pid', pid, '--fsize=unlimited:']))
      return
    }
    const filler = join(this.dataDir, 'uploads', 'filler')
    const { stdout } = await run('df', ['--output=avail', '-B1', join(this.dataDir, 'uploads')])
    const bytes = Number(stdout.split('\n')[1]) - freeBytes
    await run('fallocate', ['-l', String(Math.max(1, bytes)), filler]).catch(() => {})
    await use().finally(() => rm(filler, { force: true }))
  }

  /**
   * A second process with the first one's uploads: what the lock of the data directory prevents, and a folder that two
   * machines share does not. The first one has lost the session that holds the store's lock, and does not know it. So a job can be taken over from a process that still lives.
   */
  async twin(): Promise<ServeProcess> {
    const folder = join(this.#folder.path, `twin-${randomUUID()}`)
    await mkdir(folder)
    await this.query(
      "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted and pid <> pg_backend_pid()",
    )
    await copyFile(join(this.dataDir, 'id'), join(folder, 'id'))
    await copyFile(join(this.dataDir, 'api-key'), join(folder, 'api-key'))
    await symlink(join(this.dataDir, 'uploads'), join(folder, 'uploads'))
    const connection = embeddedConnection(this.dataDir)
    const host = 'host' in connection ? connection.host : ''
    return await serve({
      DATA_DIR: folder,
      DATABASE_URL: `postgresql://postgres@localhost/intake?host=${encodeURIComponent(host)}`,
    })
  }

  /** Removes all that owners have, once it was looked at: what follows begins with as much room. */
  async forgetOwners(): Promise<void> {
    const tables = [
      'imports',
      'import_errors',
      'import_error_kinds',
      'import_updates',
      'totals',
      'rehearsed_refs',
    ]
    const records = ['products', 'plans', 'subscribers', 'offerings', 'offering_products', 'offering_plans']
    await this.query(`truncate ${[...tables, ...records].join(', ')}`)
    const { whole } = await this.uploads()
    for (const name of whole) await rm(join(this.dataDir, 'uploads', name), { force: true })
  }

  /** Stops everything, whatever state it is in, and leaves nothing behind. */
  async end(): Promise<void> {
    await this.pool.end().catch(() => {})
    if (this.#server) {
      this.signal('SIGCONT')
      await this.#server.stop()
    }
    if (this.#ownFileSystem) await run('umount', ['-l', join(this.dataDir, 'uploads')]).catch(() => {})
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
