import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, inject } from 'vitest'
import { settings as everySetting } from '../../src/config/settings.js'
import { createPool, type PoolConnections } from '../../src/db/pool.js'
import { setApiKey } from '../../src/tenants/credentials.js'
import { generateApiKey } from '../../src/tenants/secrets.js'
import { Api } from './api.js'
import { createDatabase } from './databases.js'

export { administer, createDatabase, createEmptyDatabase } from './databases.js'

export const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))

type Environment = Readonly<Record<string, string>>

/** A process of `intake serve`. */
export interface ServeProcess {
  readonly url: string
  readonly apiKey: string
  /** The link that opens the console, with the key. */
  readonly consoleUrl: string
  readonly process: ChildProcess
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL. */
  kill(): Promise<void>
  stderr(): string
}

/** What becomes of what a process writes to stderr. Of `unread` and `full disk` the test sees nothing. */
export type Log = 'read' | 'unread' | 'full disk'

/**
 * Starts `intake serve` as people do and waits for its three lines. The environment is this one's, without
 * our settings.
 */
export async function serve(environment: Environment, log: Log = 'read'): Promise<ServeProcess> {
  return untilReady(await spawnService({ PORT: '0', LOG_LEVEL: 'warn', ...environment }, log), log)
}

/** Starts a process that leaves requests to others and prints a single line. */
export async function serveWorker(environment: Environment): Promise<ServeProcess> {
  const settings = { PORT: '0', LOG_LEVEL: 'warn', ...environment, WORKER_ONLY: 'true' }
  return untilReady(await spawnService(settings, 'read'), 'read', /^listening on (\S+)\n()()$/)
}

const THREE_LINES = /^listening on (\S+)\nAPI key: (\S+)\nconsole: (\S+)\n/m

/** Waits for the three lines, or others, of a process of `intake serve` that was just spawned. */
export async function untilReady(
  child: ChildProcess,
  log: Log = 'read',
  lines = THREE_LINES,
): Promise<ServeProcess> {
  let stdout = ''
  let stderr = ''
  if (log === 'read') {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
  }
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const ready = new Promise<{ url: string; apiKey: string; consoleUrl: string }>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      const [, url, apiKey = '', consoleUrl = ''] = lines.exec(stdout) ?? []
      if (url) resolve({ url, apiKey, consoleUrl })
    })
    ended.then((code) => reject(new Error(`intake serve ended with ${code}:\n${stderr}`)))
  })
  return {
    ...(await ready),
    process: child,
    async stop() {
      child.kill('SIGTERM')
      return await ended
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    stderr: () => stderr,
  }
}

async function spawnService(environment: Environment, log: Log): Promise<ChildProcess> {
  const full = log === 'full disk' ? await open('/dev/full', 'w') : undefined
  try {
    return spawn(process.execPath, [cli, 'serve'], {
      env: { ...cleanEnvironment(), ...environment },
      stdio: ['ignore', 'pipe', full?.fd ?? 'pipe'],
    })
  } finally {
    await full?.close()
  }
}

const SETTINGS = everySetting.map(({ variable }) => variable)

/** The environment of this process without what would configure a service. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !SETTINGS.includes(name)))
}

/** A folder for one test, removed by `remove`. */
export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'intake-test-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** The service on a database of its own, with the API as the default store sees it. */
export interface TestService {
  readonly api: Api
  readonly pool: PoolConnections
  readonly dataDir: string
  readonly databaseUrl: string
  readonly server: ServeProcess
  /**
   * Ends the process by SIGKILL, or otherwise makes sure that it is gone, and starts it again on the same
   * data.
   */
  restart(environment?: Environment): Promise<void>
  /** A further store, of an organization perhaps; returns the API as it sees it. */
  addStore(organizationId?: string): Promise<Api>
  addOrganization(): Promise<{ id: string; api: Api }>
  /**
   * The files in the folder of uploads but for its marker: whole ones and those still coming in.
   */
  uploads(): Promise<string[]>
  stop(): Promise<void>
}

/** Starts the service for a test file, on a new database of the run's PostgreSQL. */
export async function startTestService(environment: Environment = {}): Promise<TestService> {
  const folder = await temporaryFolder()
  const { databaseUrl, drop } = await createDatabase()
  const settings = { DATA_DIR: join(folder.path, 'data'), DATABASE_URL: databaseUrl, ...environment }
  let server = await serve(settings)
  const pool = createPool({ connectionString: databaseUrl }, 4, () => {})
  let api = new Api(server.url, server.apiKey)

  return {
    get api() {
      return api
    },
    get server() {
      return server
    },
    pool,
    dataDir: settings.DATA_DIR,
    databaseUrl,
    async restart(changed = {}) {
      if (server.process.exitCode === null) await server.kill()
      server = await serve({ ...settings, ...changed })
      api = new Api(server.url, server.apiKey)
    },
    ...ownersOf(pool, () => server.url),
    uploads: () => uploadsIn(settings.DATA_DIR),
    async stop() {
      if (server.process.exitCode === null) await server.stop()
      await pool.end()
      await drop()
      await folder.remove()
    },
  }
}

/** How further owners are added to the service at `url`. */
function ownersOf(
  pool: PoolConnections,
  url: () => string,
): Pick<TestService, 'addStore' | 'addOrganization'> {
  const addOwner = async (kind: string, organizationId: string | null) => {
    const id = randomUUID()
    await pool.query('insert into owners (id, kind, name, parent_id) values ($1, $2, $3, $4)', [
      id,
      kind,
      `${kind} ${id}`,
      organizationId,
    ])
    const key = generateApiKey()
    await setApiKey(pool, id, 'test', key)
    return { id, api: new Api(url(), key) }
  }
  return {
    addStore: async (organizationId) => (await addOwner('store', organizationId ?? null)).api,
    addOrganization: () => addOwner('organization', null),
  }
}

async function uploadsIn(dataDir: string): Promise<string[]> {
  const entries = await readdir(join(dataDir, 'uploads'), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name !== 'id')
    .map(({ name, parentPath }) => join(parentPath, name))
}

/** A service that many files share, with what the workers need to reach it. */
export interface SharedService {
  readonly url: string
  readonly apiKey: string
  readonly consoleUrl: string
  readonly dataDir: string
  readonly databaseUrl: string
}

/**
 * The shared service as one test file sees it: a store of its own is its default store, and it stops nothing.
 */
async function joinService(shared: SharedService): Promise<TestService> {
  const pool = createPool({ connectionString: shared.databaseUrl }, 4, () => {})
  const owners = ownersOf(pool, () => shared.url)
  const refuse = () => {
    throw new Error('This service is shared. Give the file one of its own: testService({}).')
  }
  return {
    ...shared,
    ...owners,
    api: await owners.addStore(),
    pool,
    server: {
      ...shared,
      get process() {
        return refuse()
      },
      stop: refuse,
      kill: refuse,
      stderr: refuse,
    },
    restart: refuse,
    uploads: () => uploadsIn(shared.dataDir),
    stop: () => pool.end(),
  }
}

/**
 * The service for the tests of a file, or of a `describe`: it starts before the first and stops after the
 * last. Those of the files that vitest.config.ts lists which name no environment share one.
 */
export function testService(environment?: Environment): TestService {
  let service: TestService | undefined
  beforeAll(async () => {
    const shared = environment === undefined ? inject('sharedService') : undefined
    service = shared ? await joinService(shared) : await startTestService(environment)
  })
  afterAll(() => service?.stop())
  return standIn(() => service)
}

/** A service of its own for each test, for tests that leave it changed. */
export function testServiceEach(environment: Environment = {}): TestService {
  let service: TestService | undefined
  beforeEach(async () => {
    service = await startTestService(environment)
  })
  afterEach(() => service?.stop())
  return standIn(() => service)
}

/** A store of its own for each test: the API as it sees it. */
export function newStoreEach(service: TestService): Api {
  let api: Api | undefined
  beforeEach(async () => {
    api = await service.addStore()
  })
  return standIn(() => api)
}

/** Stands for an object that a hook creates, so that it can be named before the hook has run. */
export function standIn<T extends object>(current: () => T | undefined): T {
  return new Proxy({} as T, {
    get(_, name) {
      const object = current()
      if (object === undefined) throw new Error('It is there once the hooks have run: use it within a test.')
      const value: unknown = Reflect.get(object, name, object)
      return typeof value === 'function' ? value.bind(object) : value
    },
  })
}
