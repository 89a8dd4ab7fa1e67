import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { intake } from '../support/cli.js'
import { createEmptyDatabase, serve, temporaryFolder } from '../support/service.js'

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

/** Starts PgBouncer before the test's database. @returns its URL */
async function startPooler(mode: 'session' | 'transaction'): Promise<string> {
  const url = new URL(database.databaseUrl)
  const port = await freePort()
  const host = url.searchParams.get('host') ?? '/var/run/postgresql'
  const path = join(folder.path, 'pgbouncer.ini')
  const configuration = `
[databases]
* = host=${host} port=${url.port || 5432} user=${url.username}${url.password && ` password=${url.password}`}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
auth_file = ${folder.path}/users
pool_mode = ${mode}
default_pool_size = 50
`
  await writeFile(path, configuration)
  await writeFile(join(folder.path, 'users'), `"${url.username}" "${url.password}"\n`)
  await chmod(folder.path, 0o755)
  // It refuses to run as root; only the server's user may use the server's socket.
  const { uid, gid } = await stat(host)
  const pooler = spawn(PGBOUNCER ?? '', ['--quiet', path], {
    stdio: 'inherit',
    ...(process.getuid?.() === 0 && { uid, gid }),
  })
  const ended = once(pooler, 'exit')
  stops.push(async () => {
    pooler.kill('SIGTERM')
    await ended
  })
  const pooled = `postgresql://${url.username}@127.0.0.1:${port}${url.pathname}`
  for (;;) {
    const client = new pg.Client(pooled)
    const isThere = await client.connect().then(
      () => true,
      () => false,
    )
    await client.end().catch(() => {})
    if (isThere) return pooled
    await sleep(50)
  }
}

describe.skipIf(PGBOUNCER === undefined)('Through PgBouncer', () => {
  test('with a session for each client the service runs, and restarts', async () => {
    const url = await startPooler('session')
    for (let round = 0; round < 2; round += 1) {
      const service = await serve(places(url))
      const { status } = await fetch(`${service.url}/readyz`)
      expect(status).toBe(200)
      await service.stop()
    }
  })

  test('with shared sessions a start fails with a sentence, and leaves no lock and no setting behind', async () => {
    const url = await startPooler('transaction')
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
