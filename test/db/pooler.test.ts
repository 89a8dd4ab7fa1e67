import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { Api } from '../support/api.js'
import { aProduct, file, times } from '../support/builders.js'
import { intake } from '../support/cli.js'
import { createEmptyDatabase } from '../support/databases.js'
import { serve, temporaryFolder } from '../support/service.js'

/** Set by continuous integration, which installs it. Without it, poolers are not tested. */
const PGBOUNCER = process.env.PGBOUNCER

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let database: Awaited<ReturnType<typeof createEmptyDatabase>>
const stops: (() => Promise<unknown>)[] = []
beforeEach(async () => {
  folder = await temporaryFolder()
  database = await createEmptyDatabase()
})
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
  await database.drop()
  await folder.remove()
})

const places = (databaseUrl: string) => ({ DATA_DIR: join(folder.path, 'data'), DATABASE_URL: databaseUrl })

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address ? address.port : 0
}

interface Pooler {
  readonly url: string
  start(): Promise<void>
  /** SIGKILL: all of its connections break. */
  kill(): Promise<void>
}

/** Starts PgBouncer before the test's database. With `trust` it knows no user but the server's superuser. */
async function startPooler(mode: 'session' | 'transaction', auth: 'any' | 'trust' = 'any'): Promise<Pooler> {
  const server = new URL(inject('directUrl'))
  const { pathname } = new URL(database.databaseUrl)
  const port = await freePort()
  const host = server.searchParams.get('host') ?? '/var/run/postgresql'
  const path = join(folder.path, 'pgbouncer.ini')
  const configuration = `
[databases]
* = host=${host} port=${server.port || 5432} user=${server.username}${server.password && ` password=${server.password}`}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = ${auth}
auth_file = ${join(folder.path, 'users')}
pool_mode = ${mode}
default_pool_size = 50
`
  await writeFile(path, configuration)
  await writeFile(join(folder.path, 'users'), `"${server.username}" ""\n`)
  await chmod(folder.path, 0o755)
  // It refuses to run as root; only the server's user may use the server's socket.
  const { uid, gid } = await stat(host)
  const url = `postgresql://${server.username}@127.0.0.1:${port}${pathname}`
  let kill = async () => {}
  const pooler: Pooler = {
    url,
    async start() {
      const process_ = spawn(PGBOUNCER ?? '', ['--quiet', path], {
        stdio: 'inherit',
        ...(process.getuid?.() === 0 && { uid, gid }),
      })
      const ended = once(process_, 'exit')
      kill = async () => {
        process_.kill('SIGKILL')
        await ended
      }
      while (!(await answers(url))) await sleep(50)
    },
    kill: () => kill(),
  }
  stops.push(pooler.kill)
  await pooler.start()
  return pooler
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client(url)
  const isThere = await client.connect().then(
    () => true,
    () => false,
  )
  await client.end().catch(() => {})
  return isThere
}

describe.skipIf(PGBOUNCER === undefined)('Through PgBouncer', () => {
  test('with a session for each client an import survives that the pooler is killed and comes back', async () => {
    const pooler = await startPooler('session')
    const service = await serve(places(pooler.url))
    const api = new Api(service.url, service.apiKey)
    const isReady = async () => (await fetch(`${service.url}/readyz`)).status
    const { id } = await api.create(times(20_000, () => aProduct()))
    await pooler.kill()
    await expect.poll(isReady).toBe(503)
    await pooler.start()
    await expect.poll(isReady).toBe(200)
    const { attributes, meta } = await api.waitFor(id, 'success', 'failed')
    expect([attributes.status, meta.records.imported.subscription_product]).toEqual(['success', 20_000])
    // It listens again, as the next one starts at once.
    expect((await api.import(file(aProduct()))).attributes.status).toBe('success')
    await service.stop()
  })

  test('what it refuses for good ends a start, with what to do', async () => {
    const { url } = await startPooler('session')
    const { code, stderr } = await intake(
      ['serve', '--port', '0'],
      places(`${url}?options=-c%20search_path%3Dintake`),
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/^intake: .*unsupported startup parameter.* remove them from DATABASE_URL.*\n$/)
  })

  test('a user that it does not know ends a start', async () => {
    const url = new URL((await startPooler('session', 'trust')).url)
    url.username = 'nobody_knows'
    const { code, stderr } = await intake(['serve', '--port', '0'], places(url.href))
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^intake: The database of DATABASE_URL cannot be reached: .*authentication failed\.\n$/,
    )
  })

  test('with shared sessions a start fails with a sentence, and leaves no lock and no setting behind', async () => {
    const { url } = await startPooler('transaction')
    for (const command of [
      ['serve', '--port', '0'],
      ['keys', 'list'],
    ]) {
      const { code, stdout, stderr } = await intake(command, places(url))
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(
        /^intake: A pooler shares the sessions of the server between its clients [^\n]+\n$/,
      )
    }
    const { stdout } = await intake(['doctor', '--json'], places(url))
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({
        check: 'connections',
        status: 'problem',
        found: expect.stringContaining('A pooler'),
      }),
    )

    const client = new pg.Client(url)
    await client.connect()
    const { rows } = await client.query(`
      select current_setting('search_path') as path, current_setting('enable_bitmapscan') as scan,
             (select count(*)::int from pg_locks l join pg_database d on d.oid = l.database
              where l.locktype = 'advisory' and d.datname = current_database()) as locks`)
    await client.end()
    expect(rows).toEqual([{ path: '"$user", public', scan: 'on', locks: 0 }])
  })
})

test('a start that waits for the migration of another process says so, listens, and continues by itself', async () => {
  const holder = new pg.Client(database.databaseUrl)
  await holder.connect()
  await holder.query("select pg_advisory_lock(hashtext('intake migrations'), hashtext(current_schema()))")
  const { rows } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid')

  const service = await serve(places(database.databaseUrl))
  expect((await fetch(`${service.url}/readyz`)).status).toBe(503)
  expect(service.stderr()).toContain('another process is migrating the database; waiting')
  expect(service.stderr()).toContain(`by the server's process ${rows[0]?.pid}`)
  await holder.end()
  for (;;) {
    const { status } = await fetch(`${service.url}/readyz`)
    if (status === 200) break
    await sleep(50)
  }
  await service.stop()
})
