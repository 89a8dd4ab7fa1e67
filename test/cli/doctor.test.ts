import { randomUUID } from 'node:crypto'
import { appendFile, chmod, mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aProduct, file, times } from '../support/builders.js'
import { intake } from '../support/cli.js'
import { insertImport, ownerIdOf } from '../support/rows.js'
import { createDatabase, serve, temporaryFolder, testService } from '../support/service.js'

/** Each test leaves it healthy, running or stopped. */
const service = testService({})

async function running(): Promise<void> {
  if (service.server.process.exitCode !== null) await service.restart()
}

async function stopped(): Promise<void> {
  if (service.server.process.exitCode === null) await service.server.stop()
}

interface Finding {
  readonly check: string
  readonly status: string
  readonly found: string
  readonly remedy?: string
}

/** What the doctor finds, apart from what is fine, and its exit code. */
async function examine(
  environment: Record<string, string> = {},
): Promise<{ code: number | null; findings: Finding[] }> {
  const { code, stdout, stderr } = await intake(['doctor', '--json'], {
    DATA_DIR: service.dataDir,
    DATABASE_URL: service.databaseUrl,
    ...environment,
  })
  expect(stderr).toBe('')
  const findings: Finding[] = JSON.parse(stdout)
  for (const { status, remedy } of findings) expect(remedy === undefined).toBe(status === 'ok')
  return { code, findings: findings.filter(({ status }) => status !== 'ok') }
}

const finding = (check: string, status: string, found: RegExp) =>
  expect.objectContaining({ check, status, found: expect.stringMatching(found) })

const ownStore = async () => `file:${(await readFile(join(service.dataDir, 'id'), 'utf8')).trim()}`

test('a healthy service: no problem, exit code 0, beside it and without it, as a table and as JSON', async () => {
  await running()
  await service.api.import(file(aProduct(), 'garbage'))
  expect(await examine()).toEqual({ code: 0, findings: [] })
  await stopped()
  expect(await examine()).toEqual({ code: 0, findings: [] })
  const { code, stdout } = await intake(['doctor'], {
    DATA_DIR: service.dataDir,
    DATABASE_URL: service.databaseUrl,
  })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^check +status +found +what to do\n/)
  for (const check of [
    'data directory',
    'folder modes',
    'disk',
    'database',
    'encoding',
    'schema',
    'connections',
    'durability',
    'migrations',
    'clock',
    'same database',
    'workers',
    'imports',
    'uploads',
    'stray files',
  ]) {
    expect(stdout).toMatch(new RegExp(`^${check} +ok +`, 'm'))
  }
})

describe('the embedded database', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  const embedded = { DATA_DIR: '', DATABASE_URL: '' }
  beforeAll(async () => {
    folder = await temporaryFolder()
    embedded.DATA_DIR = join(folder.path, 'data')
  })
  afterAll(() => folder.remove())

  test('is examined beside the service that runs it, and without one', async () => {
    const server = await serve(embedded)
    expect(await examine(embedded)).toEqual({ code: 0, findings: [] })
    await server.stop()
    expect(await examine(embedded)).toEqual({ code: 0, findings: [] })
  })

  test('that gives up durability is a problem', async () => {
    // As `alter system` writes it.
    const settings = join(embedded.DATA_DIR, 'postgres', 'postgresql.auto.conf')
    await appendFile(settings, "full_page_writes = 'off'\n")
    expect(await examine(embedded)).toEqual({
      code: 1,
      findings: [finding('durability', 'problem', /^full_page_writes is off/)],
    })
  })
})

test('a missing data directory and an unreachable database are problems', async () => {
  expect(await examine({ DATA_DIR: join(service.dataDir, 'nowhere') })).toEqual({
    code: 1,
    findings: [finding('data directory', 'problem', /^There is no folder /)],
  })
  expect(await examine({ DATABASE_URL: 'postgresql://x@127.0.0.1:9/x' })).toEqual({
    code: 1,
    findings: [finding('database', 'problem', /cannot be reached: .*ECONNREFUSED/)],
  })
})

test.runIf(process.platform !== 'win32')(
  'what others may read is a problem, with the command that fixes it',
  async () => {
    await chmod(join(service.dataDir, 'api-key'), 0o644)
    const { code, findings } = await examine()
    await chmod(join(service.dataDir, 'api-key'), 0o600)
    expect(code).toBe(1)
    expect(findings).toEqual([finding('folder modes', 'problem', /Other users of this machine/)])
    expect(findings[0]?.remedy).toContain(`chmod 600 ${join(service.dataDir, 'api-key')}`)
  },
)

test('a database of a newer version is a problem, one that is not migrated yet a warning', async () => {
  const { rows } = await service.pool.query("select pg_get_indexdef('imports_retention'::regclass) as index")
  await service.pool.query('create table kept as select * from intake_migrations')
  await service.pool.query(
    "delete from intake_migrations where name like '0004%'; drop index imports_retention",
  )
  expect(await examine()).toEqual({ code: 0, findings: [finding('migrations', 'warning', /0004_/)] })
  await service.pool.query("insert into intake_migrations (name, run_on) values ('9999_future', now())")
  expect(await examine()).toEqual({ code: 1, findings: [finding('migrations', 'problem', /9999_future/)] })
  await service.pool.query(
    `delete from intake_migrations; insert into intake_migrations select * from kept; drop table kept; ${rows[0].index}`,
  )
})

test('imports that nobody runs: a warning without a service, a problem beside one', async () => {
  await running()
  const { id } = await service.api.create(times(60_000, (n) => aProduct({ external_ref: `p-${n}` })))
  await service.server.kill()
  expect(await examine()).toEqual({
    code: 0,
    findings: [finding('imports', 'warning', /^1 waiting, and no service runs/)],
  })
  // A running service that seems not to work: as if its thread were asleep.
  await service.restart()
  await service.api.request(`/subscriptions/imports/${id}/cancel`, { method: 'POST' })
  const owner = await ownerIdOf(service.pool, await service.addStore())
  service.server.process.kill('SIGSTOP')
  await insertImport(service.pool, owner, {
    status: 'started',
    upload_store: await ownStore(),
    lease_expires_at: new Date(Date.now() - 300_000),
    upload_key: 'held',
  })
  await writeFile(join(service.dataDir, 'uploads', 'held.jsonl'), '')
  const { code, findings } = await examine()
  service.server.process.kill('SIGCONT')
  expect(code).toBe(1)
  expect(findings).toContainEqual(
    finding('imports', 'problem', /^The service is running, but nobody works on: /),
  )
  const unfinished = "select from imports where status in ('pending', 'started')"
  await expect.poll(async () => (await service.pool.query(unfinished)).rowCount).toBe(0)
})

test('missing uploads are a problem, those of another data directory a warning', async () => {
  await stopped()
  const owner = await ownerIdOf(service.pool, service.api)
  const other = randomUUID()
  await insertImport(service.pool, owner, {
    status: 'pending',
    upload_store: await ownStore(),
    upload_key: randomUUID(),
  })
  await insertImport(service.pool, owner, { status: 'pending', upload_store: `file:${other}` })
  expect(await examine()).toEqual({
    code: 1,
    findings: [
      finding('imports', 'warning', /^1 wait/),
      finding('uploads', 'problem', /^The files of these imports are not in /),
      finding('other data directories', 'warning', new RegExp(other)),
    ],
  })
  await service.pool.query("delete from imports where status = 'pending'")
})

test('uploads of another database are a problem', async () => {
  await running()
  await service.api.import(file(aProduct()))
  const { databaseUrl, drop } = await createDatabase()
  const elsewhere = await temporaryFolder()
  const other = { DATABASE_URL: databaseUrl }
  await (await serve({ ...other, DATA_DIR: join(elsewhere.path, 'data') })).stop()
  expect(await examine(other)).toEqual({
    code: 1,
    findings: [finding('same database', 'problem', /belong to another database/)],
  })
  await elsewhere.remove()
  await drop()
})

test('files that belong to no import are a warning; beside a service, once they are old', async () => {
  await running()
  const uploads = join(service.dataDir, 'uploads')
  const stray = join(uploads, `${randomUUID()}.jsonl`)
  await writeFile(stray, 'x')
  expect(await examine()).toEqual({ code: 0, findings: [] })
  await utimes(stray, 0, 0)
  expect(await examine()).toEqual({
    code: 0,
    findings: [finding('stray files', 'warning', /belong to no import/)],
  })
  await service.server.stop()
  await rm(stray)
  await writeFile(join(uploads, 'incoming', randomUUID()), 'x')
  expect((await examine()).findings).toEqual([finding('stray files', 'warning', /belong to no import/)])
  await service.restart()
  expect(await examine()).toEqual({ code: 0, findings: [] })
  await service.server.stop()
  const unfinished = join(service.dataDir, 'postgres.new')
  await mkdir(unfinished)
  expect((await examine()).findings).toEqual([finding('stray files', 'warning', /postgres\.new/)])
  await rm(unfinished, { recursive: true })
})
