import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type DataDir, openDataDir } from '../../src/data-dir/data-dir.js'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/data-dir/postgres/embedded.js'
import { Api } from '../support/api.js'
import { aProduct, file, times } from '../support/builders.js'
import { expectError } from '../support/errors.js'
import { importFile, multipart } from '../support/multipart.js'
import {
  cleanEnvironment,
  cli,
  createDatabase,
  type ServeProcess,
  serve,
  temporaryFolder,
} from '../support/service.js'
import { answerOn, openUpload } from '../support/sockets.js'

/** The test's own PostgreSQL server, which the service knows only by DATABASE_URL. */
let database: DataDir
let postgres: EmbeddedPostgres | undefined
let databaseUrl: string
let folder: Awaited<ReturnType<typeof temporaryFolder>>
const running: ServeProcess[] = []

beforeEach(async () => {
  folder = await temporaryFolder()
  database = await openDataDir(join(folder.path, 'database'))
  databaseUrl = `postgresql://postgres@localhost/intake?host=${encodeURIComponent(join(database.path, 'postgres'))}`
})
afterEach(async () => {
  for (const server of running.splice(0)) if (server.process.exitCode === null) await server.stop()
  await stopDatabase()
  await database.release()
  await folder.remove()
})

async function startDatabase(): Promise<void> {
  postgres = await startEmbeddedPostgres(database.path)
}

async function stopDatabase(): Promise<void> {
  await postgres?.stop()
  postgres = undefined
}

async function start(environment: Record<string, string> = {}): Promise<ServeProcess> {
  const server = await serve({
    DATA_DIR: join(folder.path, 'data'),
    DATABASE_URL: databaseUrl,
    ...environment,
  })
  running.push(server)
  return server
}

const isReady = async (api: Api) => (await api.get('/readyz')).status === 200

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20)
}

test('a database that is away at the start: the service listens, says so, and is ready once the database is', async () => {
  const server = await start()
  const api = new Api(server.url, server.apiKey)
  expect((await api.get('/healthz')).status).toBe(200)
  for (const path of ['/readyz', '/subscriptions/imports', '/v2/subscriptions/products', '/v2/settings']) {
    const answer = await api.get(path)
    expectError(answer, 503, 'Service Unavailable', /The database cannot be reached/)
    expect(answer.headers.get('retry-after')).toBe('5')
  }
  expect((await api.upload(file(aProduct()))).status).toBe(503)
  await startDatabase()
  await until(() => isReady(api))
  expect((await api.import(file(aProduct()))).attributes.status).toBe('success')
  expect(await server.stop()).toBe(0)
  expect((await start()).apiKey).toBe(server.apiKey)
})

test('a database that goes away during an import: 503 until it is back, and then the import resumes by itself', async () => {
  await startDatabase()
  const server = await start()
  const api = new Api(server.url, server.apiKey)
  const { id } = await api.create(times(60_000, (n) => aProduct({ external_ref: `p-${n}` })))
  await until(async () => ((await api.find(id)).meta.records.imported.subscription_product ?? 0) > 0)
  await stopDatabase()
  await until(async () => !(await isReady(api)))
  expectError(await api.get('/subscriptions/products'), 503, 'Service Unavailable', /The database/)
  expectError(await api.upload(file(aProduct())), 503, 'Service Unavailable', /The database/)
  await startDatabase()
  await until(() => isReady(api))
  const { attributes, meta } = await api.finished(id)
  expect(attributes.status).toBe('success')
  expect(meta.records.imported.subscription_product).toBe(60_000)
})

test('an upload whose import cannot be created, since the database went away meanwhile, leaves nothing', async () => {
  await startDatabase()
  const server = await start()
  const api = new Api(server.url, server.apiKey)
  const uploads = () => readdir(join(folder.path, 'data', 'uploads'), { recursive: true })
  const before = await uploads()
  const form = multipart([importFile(file(aProduct()))]).toString()
  const socket = openUpload(api, form.slice(0, -10), `content-length: ${form.length}\r\nconnection: close`)
  await until(async () => (await uploads()).length > before.length)
  await stopDatabase()
  socket.write(form.slice(-10))
  expect((await answerOn(socket)).status).toBe(503)
  expect(await uploads()).toEqual(before)
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends a service that waits for its database', async (signal) => {
  const server = await start()
  const ended = new Promise((resolve) => server.process.once('exit', resolve))
  server.process.kill(signal)
  expect(await ended).toBe(0)
})

test.each([
  ['a database that does not exist', () => databaseUrl.replace('/intake?', '/nowhere?')],
  ['a user that does not exist', () => databaseUrl.replace('postgres@', 'nobody_here@')],
])('%s is a one-line error at the start, not waited for', async (_what, url) => {
  await startDatabase()
  const { code, stderr } = await serveInVain(url())
  expect(code).toBe(1)
  expect(stderr.trim().split('\n')).toEqual([
    expect.stringMatching(/^intake: The database of DATABASE_URL cannot/),
  ])
})

test('a database of a newer version of intake is a one-line error, even if it was away before', async () => {
  await startDatabase()
  await (await start()).stop()
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query("insert into intake_migrations (name, run_on) values ('9999_future', now())")
  await client.end()
  await stopDatabase()
  const ending = serveInVain(databaseUrl, ['--log-level', 'error'])
  await startDatabase()
  const { code, stderr } = await ending
  expect(code).toBe(1)
  expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/newer version of intake.*9999_future/)])
})

test('a server that accepts connections and never answers does not keep SIGTERM waiting', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1')
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address() as { port: number }
  const { child, ended } = spawnServe(`postgresql://x@127.0.0.1:${port}/x`)
  const connected = new Promise((resolve) => silent.once('connection', resolve))
  await connected
  child.kill('SIGTERM')
  // A stop that exceeds its time limit exits with 1.
  expect((await ended).code).toBe(0)
  silent.close()
})

function spawnServe(url: string, args: readonly string[] = []) {
  const child = spawn(process.execPath, [cli, 'serve', ...args], {
    env: {
      ...cleanEnvironment(),
      PORT: '0',
      LOG_LEVEL: 'warn',
      DATA_DIR: join(folder.path, 'data'),
      DATABASE_URL: url,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, stderr })),
  )
  return { child, ended }
}

const serveInVain = (url: string, args: readonly string[] = []) => spawnServe(url, args).ended

test('two processes on one database: SIGTERM of one leaves the other at work', async () => {
  const { databaseUrl: shared, drop } = await createDatabase()
  const one = await start({ DATABASE_URL: shared })
  const other = await start({ DATABASE_URL: shared, DATA_DIR: join(folder.path, 'other') })
  expect(await one.stop()).toBe(0)
  expect((await new Api(other.url, other.apiKey).import(file(aProduct()))).attributes.status).toBe('success')
  await other.stop()
  await drop()
})
