import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chmod, chown, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { embeddedConnection } from '../../../src/data-dir/postgres/embedded.js'
import { takeTemporaryFolder } from '../../../src/data-dir/postgres/socket-folder.js'
import {
  identify,
  isAlive as identityIsAlive,
  isZombie,
  signalTo,
} from '../../../src/data-dir/process-identity.js'
import { Api } from '../../support/api.js'
import { aProduct, file, times } from '../../support/builders.js'
import { intake } from '../../support/cli.js'
import { cleanEnvironment, cli, type ServeProcess, serve, temporaryFolder } from '../../support/service.js'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let dataDir: string
const running: ServeProcess[] = []

/** A data directory that a service has created, and has left as it was. */
let unused: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  unused = await temporaryFolder()
  await (await serve({ DATA_DIR: join(unused.path, 'data') })).stop()
})
afterAll(() => unused.remove())

beforeEach(async () => {
  folder = await temporaryFolder()
  dataDir = join(folder.path, 'data')
})

afterEach(async () => {
  for (const server of running.splice(0)) if (server.process.exitCode === null) await server.stop()
  await folder.remove()
})

async function start(environment: Record<string, string> = {}): Promise<ServeProcess> {
  const server = await serve({ DATA_DIR: dataDir, ...environment })
  running.push(server)
  return server
}

/** Copies it to `dataDir`. Node's own `cp` would give the files to the user who copies them. */
const copyUnused = () => promisify(execFile)('cp', ['-a', join(unused.path, 'data'), dataDir])

/** Starts in a copy of it: to create one takes longer than most tests. */
async function startInUnused(environment?: Record<string, string>): Promise<ServeProcess> {
  await copyUnused()
  return start(environment)
}

const apiOf = ({ url, apiKey }: ServeProcess) => new Api(url, apiKey)

const postmasterOf = async (): Promise<number> =>
  Number((await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')[0])

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20)
}

/** Runs `intake serve`, expecting it to give up by itself. */
function serveInVain(environment: Record<string, string>): Promise<{ code: number | null; stderr: string }> {
  const child = spawn(process.execPath, [cli, 'serve'], {
    env: { ...cleanEnvironment(), PORT: '0', ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, stderr })))
}

describe('the data directory', () => {
  test('holds database, uploads and the key, which only the owner may read', async () => {
    const server = await startInUnused()
    expect((await stat(join(dataDir, 'api-key'))).mode & 0o777).toBe(0o600)
    expect((await readFile(join(dataDir, 'api-key'), 'utf8')).trim()).toBe(server.apiKey)
    expect((await stat(join(dataDir, 'postgres'))).mode & 0o077).toBe(0)
    expect((await stat(join(dataDir, 'uploads'))).mode & 0o077).toBe(0)
  })

  test('keeps its key and its records from one start to the next', async () => {
    const first = await startInUnused()
    await apiOf(first).import(file(aProduct({ external_ref: 'p-1' })))
    expect(await first.stop()).toBe(0)
    const second = await start()
    expect(second.apiKey).toBe(first.apiKey)
    expect((await apiOf(second).get('/subscriptions/products')).body.meta.results.total).toBe(1)
  })

  test('uses API_KEY for the default store, instead of the one it had', async () => {
    const first = await startInUnused()
    await first.stop()
    const second = await start({ API_KEY: 'a-key-of-our-own' })
    expect(second.apiKey).toBe('a-key-of-our-own')
    expect((await apiOf(second).get('/subscriptions/products')).status).toBe(200)
    expect((await new Api(second.url, first.apiKey).get('/subscriptions/products')).status).toBe(401)
  })

  test('that another running instance uses is a one-line error, exit code 1', async () => {
    const first = await startInUnused()
    const { code, stderr } = await serveInVain({ DATA_DIR: dataDir })
    expect(code).toBe(1)
    expect(stderr.trim().split('\n')).toEqual([
      expect.stringContaining('is used by another running instance'),
    ])
    expect(stderr).toContain(first.url)
    expect((await apiOf(first).get('/subscriptions/products')).status).toBe(200)
  })

  test('may have a path that is too long for a socket', async () => {
    dataDir = join(folder.path, 'a-rather-long-name-of-a-folder'.repeat(4), 'data')
    const server = await start()
    expect((await apiOf(server).import(file(aProduct()))).attributes.status).toBe('success')
    const { code, stdout } = await intake(['stores', 'list'], { DATA_DIR: dataDir })
    expect(code).toBe(0)
    expect(stdout).toContain('default')
  })
})

describe('a private folder among the temporary files', () => {
  test('is never one that a symbolic link leads to', async () => {
    const target = join(folder.path, 'of-somebody')
    await mkdir(target, { mode: 0o755 })
    const link = join(folder.path, 'link')
    await symlink(target, link)
    await expect(takeTemporaryFolder(link, { name: 'x', uid: 65_534, gid: 65_534 })).rejects.toThrow(
      'is not one of our folders',
    )
    const { mode, uid } = await stat(target)
    expect([mode & 0o777, uid]).toEqual([0o755, process.getuid?.()])
  })

  test.runIf(process.getuid?.() === 0)('is never taken from another user', async () => {
    const folderOfAnother = join(folder.path, 'another')
    await mkdir(folderOfAnother)
    await chown(folderOfAnother, 1234, 1234)
    await expect(takeTemporaryFolder(folderOfAnother, undefined)).rejects.toThrow('is not one of our folders')
    expect((await stat(folderOfAnother)).uid).toBe(1234)
  })

  test('is closed to others', async () => {
    const taken = join(folder.path, 'taken')
    await takeTemporaryFolder(taken, undefined)
    await chmod(taken, 0o777)
    await takeTemporaryFolder(taken, undefined)
    expect((await stat(taken)).mode & 0o777).toBe(0o700)
  })
})

test('a process is distinguished from another with the same number', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  const own = identify(child.pid ?? 0)
  if (!own) throw new Error('the process did not start')
  expect(identityIsAlive(own)).toBe(true)
  const earlier = { ...own, start: `${own.start}0` }
  expect(identityIsAlive(earlier)).toBe(false)
  signalTo(earlier, 'SIGKILL')
  expect(identityIsAlive(own)).toBe(true)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  signalTo(own, 'SIGKILL')
  await ended
  expect(identityIsAlive(own)).toBe(false)
})

test('a taken port is a one-line error, exit code 1, and leaves nothing running', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => other.once('listening', resolve))
  const { port } = other.address() as { port: number }
  const { code, stderr } = await serveInVain({ DATA_DIR: dataDir, PORT: String(port) })
  other.close()
  expect(code).toBe(1)
  expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(`Port ${port} of 127.0.0.1 is taken`)])
  await expect(stat(join(dataDir, 'postgres', 'postmaster.pid'))).rejects.toThrow('ENOENT')
})

test.each([
  ['PORT', '70000'],
  ['DATABASE_URL', 'mysql://localhost/x'],
])('a setting that cannot be used is a one-line error: %s=%s', async (variable, value) => {
  const { code, stderr } = await serveInVain({ DATA_DIR: dataDir, [variable]: value })
  expect(code).toBe(1)
  expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(`intake: ${variable} takes`)])
})

describe('the embedded PostgreSQL', () => {
  test('listens on no TCP port, and keeps fsync, full_page_writes and synchronous_commit on', async () => {
    await startInUnused()
    const { rows } = await query(
      `select name, setting from pg_settings
       where name in ('fsync', 'full_page_writes', 'listen_addresses', 'synchronous_commit') order by name`,
    )
    expect(rows.map(({ setting }) => setting)).toEqual(['on', 'on', '', 'on'])
  })

  test('stops with every signal that ends a process and can be caught, exit code 0', async () => {
    await copyUnused()
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const) {
      const server = await start()
      const code = new Promise((resolve) => server.process.once('exit', resolve))
      server.process.kill(signal)
      expect(await code).toBe(0)
      await expect(postmasterOf()).rejects.toThrow('ENOENT')
    }
  })

  test('keeps running under nohup when the terminal is closed', async () => {
    // As a shell sets it for what it starts.
    const server = await startInUnused({ _: '/usr/bin/nohup' })
    server.process.kill('SIGHUP')
    server.process.kill('SIGHUP')
    expect((await apiOf(server).import(file(aProduct()))).attributes.status).toBe('success')
    expect(await server.stop()).toBe(0)
    await expect(postmasterOf()).rejects.toThrow('ENOENT')
  })

  test.runIf(process.platform === 'linux')(
    'starts where postmaster.pid names a process that has the number by now, and leaves that one alone',
    async () => {
      const first = await startInUnused()
      const owner = await stat(join(dataDir, 'postgres'))
      const { killed, pidFile } = await killWithServer(first)
      // PostgreSQL would consider it its own, since it belongs to the same user.
      const other = spawn('sleep', ['1000'], { uid: owner.uid, gid: owner.gid, stdio: 'ignore' })
      try {
        await writeFile(
          join(dataDir, 'postgres', 'postmaster.pid'),
          pidFile.replace(killed, String(other.pid)),
        )
        const second = await start()
        expect(await postmasterOf()).not.toBe(other.pid)
        expect(await second.stop()).toBe(0)
        expect(other.exitCode ?? other.signalCode).toBeNull()
      } finally {
        other.kill()
      }
    },
  )

  test.runIf(process.platform === 'linux')(
    'starts where postmaster.pid names a process that has ended and that nobody reaps',
    async () => {
      const first = await startInUnused()
      const owner = await stat(join(dataDir, 'postgres'))
      const { killed, pidFile } = await killWithServer(first)
      // The shell starts a process and becomes one that never asks how it ended.
      const parent = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 1000'], {
        uid: owner.uid,
        gid: owner.gid,
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      try {
        const [output] = (await once(parent.stdout, 'data')) as [Buffer]
        const zombie = output.toString().trim()
        await until(() => isZombie(Number(zombie)))
        await writeFile(join(dataDir, 'postgres', 'postmaster.pid'), pidFile.replace(killed, zombie))
        const second = await start()
        expect((await apiOf(second).import(file(aProduct()))).attributes.status).toBe('success')
        expect(await second.stop()).toBe(0)
      } finally {
        parent.kill()
      }
    },
  )

  test('logs nothing of what its sessions wrote, and its log does not grow forever', async () => {
    await startInUnused()
    await query('create table texts (email text unique)')
    await query("insert into texts values ('a@secret.example')")
    await expect(query("insert into texts values ('a@secret.example')")).rejects.toThrow('unique')
    await expect(query("select 'b@secret.example'::integer")).rejects.toThrow('invalid input')
    await expect(
      query("do $$ begin raise warning 'c@secret.example'; end $$; select 1 / 0"),
    ).rejects.toThrow()
    const log = join(dataDir, 'postgres.log')
    expect(await readFile(log, 'utf8')).not.toContain('secret.example')
    await appendFile(log, 'x\n'.repeat(5 * 2 ** 20))
    await until(async () => (await stat(log)).size < 2 ** 20)
    expect((await stat(`${log}.1`)).size).toBeGreaterThan(2 ** 20)
    expect((await stat(`${log}.1`)).mode & 0o777).toBe(0o600)
  })

  test('that outlived a killed process is taken over by the next start', async () => {
    const first = await startInUnused()
    await apiOf(first).import(file(aProduct()))
    const postmaster = await postmasterOf()
    await first.kill()
    expect(isAlive(postmaster)).toBe(true)
    const second = await start()
    expect(await postmasterOf()).toBe(postmaster)
    expect((await apiOf(second).get('/subscriptions/products')).body.meta.results.total).toBe(1)
    expect(await second.stop()).toBe(0)
    await expect(postmasterOf()).rejects.toThrow('ENOENT')
  })

  test('that died with the process recovers at the next start', async () => {
    const first = await startInUnused()
    await apiOf(first).import(file(aProduct()))
    process.kill(await postmasterOf(), 'SIGKILL')
    await first.kill()
    const second = await start()
    expect((await apiOf(second).get('/subscriptions/products')).body.meta.results.total).toBe(1)
  })

  test('that dies alone is restarted, and the service continues', async () => {
    const server = await startInUnused()
    const { id } = await apiOf(server).create(times(60_000, (n) => aProduct({ external_ref: `p-${n}` })))
    const postmaster = await postmasterOf()
    process.kill(postmaster, 'SIGKILL')
    await until(
      async () =>
        (await apiOf(server).get('/readyz')).status === 200 && (await postmasterOf()) !== postmaster,
    )
    expect((await apiOf(server).finished(id)).meta.records.imported.subscription_product).toBe(60_000)
  })

  test('that somebody stops, and that never ends, is killed and restarted', async () => {
    const server = await startInUnused()
    const api = apiOf(server)
    await api.import(file(aProduct()))
    const postmaster = await postmasterOf()
    const client = new pg.Client(embeddedConnection(dataDir))
    client.on('error', () => {})
    await client.connect()
    const { rows } = await client.query('select pg_backend_pid() as pid')
    // It waits for this session, which never notices.
    process.kill(rows[0].pid, 'SIGSTOP')
    process.kill(postmaster, 'SIGINT')
    await until(async () => (await api.get('/subscriptions/products')).status === 503)
    await until(async () => (await api.get('/subscriptions/products')).status === 200)
    expect(isAlive(postmaster)).toBe(false)
    expect((await api.get('/subscriptions/products')).body.meta.results.total).toBe(1)
  })

  test('that is recovering from a crash stops as quickly as any other', async () => {
    const server = await startInUnused()
    const client = new pg.Client(embeddedConnection(dataDir))
    client.on('error', () => {})
    await client.connect()
    const { rows } = await client.query('select pg_backend_pid() as pid')
    process.kill(rows[0].pid, 'SIGKILL')
    expect(await server.stop()).toBe(0)
    await expect(postmasterOf()).rejects.toThrow('ENOENT')
    const again = await start()
    expect((await apiOf(again).get('/subscriptions/products')).status).toBe(200)
  })

  // PostgreSQL refuses to run as root, and a folder above may be closed to the user that it runs as instead.
  test.runIf(process.getuid?.() === 0)(
    'runs as another user when intake is root, in a closed folder too',
    async () => {
      await chmod(folder.path, 0o700)
      const server = await start()
      const status = await readFile(`/proc/${await postmasterOf()}/status`, 'utf8')
      expect(status).not.toMatch(/^Uid:\s+0\s/m)
      expect((await apiOf(server).import(file(aProduct()))).attributes.status).toBe('success')
    },
  )

  test.runIf(process.getuid?.() === 0)('runs as the user who starts intake', async () => {
    const nobody = 65_534
    await mkdir(dataDir)
    await chown(dataDir, nobody, nobody)
    await chmod(folder.path, 0o755)
    const child = spawn(process.execPath, [cli, 'serve'], {
      env: { ...cleanEnvironment(), PORT: '0', DATA_DIR: dataDir, LOG_LEVEL: 'warn' },
      cwd: '/',
      uid: nobody,
      gid: nobody,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    const said = await new Promise<string>((resolve) => {
      child.stdout.once('data', (data) => resolve(String(data)))
      child.stderr.once('data', (data) => resolve(String(data)))
    })
    expect(said).toMatch(/^listening on /)
    expect((await stat(join(dataDir, 'postgres'))).uid).toBe(nobody)
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  test('is not started in a folder of another version', async () => {
    const first = await startInUnused()
    await first.stop()
    await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '17\n')
    const { code, stderr } = await serveInVain({ DATA_DIR: dataDir })
    expect(code).toBe(1)
    expect(stderr).toContain('was written by PostgreSQL 17')
  })
})

/** Ends service and database like a power cut; returns the contents of `postmaster.pid`. */
async function killWithServer(server: ServeProcess): Promise<{ killed: string; pidFile: string }> {
  const pidFile = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8')
  const killed = pidFile.split('\n')[0] ?? ''
  await server.kill()
  process.kill(Number(killed), 'SIGKILL')
  await until(() => !isAlive(Number(killed)))
  return { killed, pidFile }
}

/** Queries the embedded server itself, over its socket. */
async function query(statement: string): Promise<{ rows: Record<string, string>[] }> {
  const client = new pg.Client({
    host: join(dataDir, 'postgres'),
    port: 5432,
    user: 'postgres',
    database: 'intake',
  })
  await client.connect()
  return await client.query(statement).finally(() => client.end())
}
