import { cp } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/read-config.js'
import { startService } from '../../src/service.js'
import { aProduct, file } from '../support/builders.js'
import { serve, temporaryFolder, testServiceEach } from '../support/service.js'

const service = testServiceEach()

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20)
}

/** Starts a service that is expected to give up; returns its output. */
const startInVain = (dataDir: string): Promise<string> =>
  serve({ DATA_DIR: dataDir, DATABASE_URL: service.databaseUrl }).then(
    async (server) => {
      await server.stop()
      return 'it started'
    },
    (error: Error) => error.message,
  )

const isReady = async () => (await service.api.get('/readyz')).status === 200

test('a copy of a data directory does not start on the same database, and the first continues', async () => {
  await service.api.import(file(aProduct()))
  const folder = await temporaryFolder()
  const copy = join(folder.path, 'data')
  await cp(service.dataDir, copy, { recursive: true, filter: (source) => !source.endsWith('lock') })
  expect(await startInVain(copy)).toMatch(
    /ended with 1:\nintake: Another process uses this database[^\n]*\n$/,
  )
  expect((await service.api.import(file(aProduct()))).attributes.status).toBe('success')
  await service.server.stop()
  // Now it is the only one.
  const server = await serve({ DATA_DIR: copy, DATABASE_URL: service.databaseUrl })
  expect(await server.stop()).toBe(0)
  await folder.remove()
})

test('a start that is stopped while it waits for the lock never takes it', async () => {
  const folder = await temporaryFolder()
  const copy = join(folder.path, 'data')
  await cp(service.dataDir, copy, { recursive: true, filter: (source) => !source.endsWith('lock') })
  const environment = { DATA_DIR: copy, DATABASE_URL: service.databaseUrl, PORT: '0', LOG_LEVEL: 'silent' }
  const stop = new AbortController()
  const starting = startService(readConfig({}, environment), { signal: stop.signal })
  const holder = (await lock())?.pid
  await until(async () => {
    const { rows } = await service.pool.query(
      "select from pg_stat_activity where query like 'select pg_backend_pid() as pid, pg_try_advisory_lock%' and pid <> $1",
      [holder],
    )
    return rows.length > 0
  })
  stop.abort()
  await expect(starting).rejects.toThrow('abort')
  await service.server.stop()
  // This process would have it by now, and keep it.
  const server = await serve({ DATA_DIR: copy, DATABASE_URL: service.databaseUrl })
  expect(await server.stop()).toBe(0)
  await folder.remove()
})

test('a start that is stopped before it has looked for the database ends with that alone', async () => {
  const folder = await temporaryFolder()
  const environment = { DATA_DIR: join(folder.path, 'data'), DATABASE_URL: service.databaseUrl, PORT: '0' }
  const stop = new AbortController()
  const starting = startService(readConfig({}, environment), { signal: stop.signal })
  stop.abort()
  // A second rejection, which nobody awaits, would end the run.
  await expect(starting).rejects.toThrow('abort')
  await folder.remove()
})

/** The key of the lock, and the session that holds it. */
async function lock(): Promise<{ key: string; pid: number } | undefined> {
  const { rows } = await service.pool.query(`
    select pid, (classid::bigint << 32 | objid::bigint)::text as key from pg_locks
    where locktype = 'advisory' and granted and objsubid = 1
      and database = (select oid from pg_database where datname = current_database())`)
  return rows[0]
}

test('a lock whose session breaks is taken again, and a lock taken by another process stops the work', async () => {
  const before = await lock()
  await service.pool.query('select pg_terminate_backend($1)', [before?.pid])
  await until(async () => {
    const now = await lock()
    return now !== undefined && now.pid !== before?.pid
  })
  await until(isReady)
  const other = await service.pool.connect()
  try {
    // It does not notice the end of its session until the other one has the lock.
    service.server.process.kill('SIGSTOP')
    await service.pool.query('select pg_terminate_backend($1)', [(await lock())?.pid])
    await until(async () => (await lock()) === undefined)
    await other.query('select pg_advisory_lock($1)', [before?.key])
    service.server.process.kill('SIGCONT')
    await until(async () => !(await isReady()))
    expect((await service.api.upload(file(aProduct()))).status).toBe(503)
    expect(service.server.stderr()).toContain('another process uses the id of this data directory')
    await other.query('select pg_advisory_unlock($1)', [before?.key])
    await until(isReady)
    expect((await service.api.import(file(aProduct()))).attributes.status).toBe('success')
  } finally {
    service.server.process.kill('SIGCONT')
    other.release()
  }
})

test.runIf(process.platform === 'linux')(
  'a data directory whose lock has no room for one more question is in use',
  async () => {
    service.server.process.kill('SIGSTOP')
    const sockets: Socket[] = []
    const refused = new Promise<string | undefined>((resolve) => {
      const fill = () => {
        const socket = connect(join(service.dataDir, 'lock'))
        sockets.push(socket)
        socket.once('connect', fill)
        socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code))
      }
      fill()
    })
    expect(await refused).toBe('EAGAIN')
    const said = await startInVain(service.dataDir)
    for (const socket of sockets) socket.destroy()
    service.server.process.kill('SIGCONT')
    expect(said).toContain('is used by another running instance')
  },
)
