import { execFile } from 'node:child_process'
import { mkdir, readdir, rename, rm, rmdir, stat, symlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import { Api } from '../support/api.js'
import { aProduct, file } from '../support/builders.js'
import { intake } from '../support/cli.js'
import { insertImport, ownerIdOf } from '../support/rows.js'
import { serve, startTestService, temporaryFolder, testServiceEach } from '../support/service.js'

const run = promisify(execFile)

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20)
}

const isReady = async (api: Api) => (await api.get('/readyz')).status === 200

describe('a folder of uploads', () => {
  const service = testServiceEach()
  let uploads: string
  beforeEach(async () => {
    uploads = join(service.dataDir, 'uploads')
  })

  /** An import that waits for one that another process runs. */
  async function waitingImport(): Promise<{ id: string; release(): Promise<unknown> }> {
    const owner = await ownerIdOf(service.pool, service.api)
    await insertImport(service.pool, owner, { status: 'started' })
    const { id } = (await service.api.upload(file(aProduct()))).body.data
    return { id, release: () => service.pool.query("delete from imports where upload_store = 'none'") }
  }

  /** As an unmounted disk leaves it. */
  async function takeAway(): Promise<() => Promise<void>> {
    await rename(uploads, `${uploads}.away`)
    await mkdir(uploads)
    return async () => {
      await rmdir(uploads)
      await rename(`${uploads}.away`, uploads)
    }
  }

  test('that is away at the start makes the service wait, and fails no import', async () => {
    const waiting = await waitingImport()
    await service.server.kill()
    await waiting.release()
    const putBack = await takeAway()
    await service.restart()
    const { status, body } = await service.api.get('/readyz')
    expect([status, body.errors[0].status]).toEqual([503, '503'])
    expect(service.server.stderr()).toContain('the uploads are away; waiting')
    const { code, stdout } = await intake(['doctor'], {
      DATA_DIR: service.dataDir,
      DATABASE_URL: service.databaseUrl,
    })
    expect(code).toBe(1)
    expect(stdout).toContain('They are away, and imports wait for them')
    expect(await readdir(uploads)).toEqual([])
    await putBack()
    await until(() => isReady(service.api))
    expect((await service.api.finished(waiting.id)).attributes.status).toBe('success')
  })

  test('that goes away while the service runs makes it wait, loses no file, and fails no import', async () => {
    const waiting = await waitingImport()
    const putBack = await takeAway()
    // Not earlier: a worker that is about to claim something does not look again.
    await until(() => service.server.stderr().includes('the uploads are away; imports wait for them'))
    await waiting.release()
    const ready = await service.api.get('/readyz')
    expect([ready.status, ready.body.errors[0].detail]).toEqual([
      503,
      'The uploads are not available at the moment; please try again.',
    ])
    expect((await service.api.upload(file(aProduct()))).status).toBe(503)
    expect((await service.api.get('/subscriptions/products')).status).toBe(200)
    expect((await service.api.find(waiting.id)).attributes.status).toBe('pending')
    await putBack()
    expect((await service.api.finished(waiting.id)).attributes.status).toBe('success')
    expect(await isReady(service.api)).toBe(true)
  })

  test('keeps what an older database does not name until its time is up', async () => {
    const { id } = await service.api.import(file(aProduct(), 'garbage'))
    const named = await service.api.import(file(aProduct()))
    await service.server.stop()
    await service.pool.query('create table newer as select * from imports')
    await service.pool.query('delete from imports')
    await age(3)
    await service.restart({ RETENTION_DAYS: 'none' })
    await service.server.stop()
    await service.pool.query('insert into imports select * from newer')
    await service.restart()
    const rejected = await service.api.get(`/subscriptions/imports/${id}/rejected`)
    expect(rejected.body).toBe('garbage\n')
    await service.server.stop()
    await service.pool.query('delete from imports where id = $1', [id])
    await service.restart({ RETENTION_DAYS: '2' })
    await until(() => service.server.stderr().includes('uploads that no import names were deleted'))
    expect(await service.uploads()).toEqual([join(uploads, `${named.id}.jsonl`)])
  })

  test('has files that an earlier version set aside in their place again', async () => {
    const { id } = await service.api.import(file(aProduct(), 'garbage'))
    await service.server.stop()
    await mkdir(join(uploads, 'unknown'))
    await rename(join(uploads, `${id}.jsonl`), join(uploads, 'unknown', `${id}.jsonl`))
    await service.restart()
    const rejected = await service.api.get(`/subscriptions/imports/${id}/rejected`)
    expect(rejected.body).toBe('garbage\n')
    expect(await readdir(uploads)).not.toContain('unknown')
  })

  test('lists a file that is imported again as a new one', async () => {
    const rehearsal = await service.api.import(file(aProduct()), { dryRun: true })
    await age(3)
    await service.api.request(`/subscriptions/imports/${rehearsal.id}/run`, { method: 'POST' })
    const ages = await Promise.all((await service.uploads()).map(async (path) => (await stat(path)).mtimeMs))
    expect(ages).toHaveLength(2)
    for (const time of ages) expect(Date.now() - time).toBeLessThan(600_000)
  })

  /** Makes all uploads so many days old. */
  async function age(days: number): Promise<void> {
    const then = new Date(Date.now() - days * 24 * 60 * 60 * 1000)
    for (const path of await service.uploads()) await utimes(path, then, then)
  }
})

describe('a start on a full disk', () => {
  test('rewrites nothing that exists', async () => {
    const service = await startTestService()
    try {
      await service.server.stop()
      for (const name of ['database', 'api-key', 'uploads-marked', 'id']) {
        await symlink('/dev/full', join(service.dataDir, `${name}.new`))
      }
      await service.restart()
      expect(await isReady(service.api)).toBe(true)
    } finally {
      await service.stop()
    }
  })

  // Only root may mount, and not in every container.
  test.runIf(process.getuid?.() === 0)('waits for room', async ({ skip }) => {
    const folder = await temporaryFolder()
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=150m', 'tmpfs', folder.path]).catch(
      () => null,
    )
    if (!mounted) {
      await folder.remove()
      return skip()
    }
    const DATA_DIR = join(folder.path, 'data')
    try {
      await run('chmod', ['711', folder.path])
      const first = await serve({ DATA_DIR })
      await new Api(first.url, first.apiKey).import(file(aProduct()))
      expect(await first.stop()).toBe(0)
      const filler = join(folder.path, 'filler')
      await run('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k']).catch(() => {})
      expect((await stat(filler)).size).toBeGreaterThan(0)
      const second = await serve({ DATA_DIR })
      const api = new Api(second.url, second.apiKey)
      expect((await api.get('/readyz')).status).toBe(503)
      await rm(filler)
      await until(() => isReady(api))
      expect((await api.get('/subscriptions/products')).body.meta.results.total).toBe(1)
      expect(await second.stop()).toBe(0)
    } finally {
      await run('umount', [folder.path])
      await folder.remove()
    }
  })
})
