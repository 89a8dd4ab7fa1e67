import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { releaseLeasesOf } from '../../src/imports/queue/claim.js'
import { Api } from '../support/api.js'
import { aProduct, file, times } from '../support/builders.js'
import { expectError } from '../support/errors.js'
import { held, whileHolding } from '../support/holding.js'
import { insertImport } from '../support/rows.js'
import { type ServeProcess, serve, temporaryFolder, testServiceEach } from '../support/service.js'

const service = testServiceEach()

/** A second process on the same database, with a folder of its own, and the API of the first one's store there. */
let other: ServeProcess
let api: Api
let folder: Awaited<ReturnType<typeof temporaryFolder>>
beforeEach(async () => {
  folder = await temporaryFolder()
  other = await serve({ DATA_DIR: join(folder.path, 'data'), DATABASE_URL: service.databaseUrl })
  api = new Api(other.url, service.api.key)
})
afterEach(async () => {
  await other.stop()
  await folder.remove()
})

const mistakes = times(3, () => aProduct({ name: 'No' })) + file(aProduct())

describe('Of an import whose file another process has in its own folder, a process', () => {
  test('answers everything but what is in the file, for which proxies may ask the next process', async () => {
    const { id } = await service.api.import(mistakes, { dryRun: true })
    const path = `/subscriptions/imports/${id}`
    const csv = { headers: { accept: 'text/csv' } }
    expect((await api.errors(id)).length).toBe(3)
    for (const answer of [
      await api.get(`${path}/rejected`),
      await api.request(`${path}/errors`, csv),
      await api.request(`${path}/run`, { method: 'POST' }),
    ]) {
      expectError(answer, 503, 'Service Unavailable', /^Another process of the service has the file/)
      expect(answer.headers.get('retry-after')).toBe('5')
    }
    expect((await service.api.get(`${path}/rejected`)).status).toBe(200)
  })

  test('cancels and retries it, and does not work on it', async () => {
    await whileHolding(service, service.api, 'held', async () => {
      const { id } = await service.api.create(held())
      const path = `/subscriptions/imports/${id}`
      expect((await api.request(`${path}/cancel`, { method: 'POST' })).status).toBe(200)
      expect((await api.request(`${path}/retry`, { method: 'POST' })).status).toBe(200)
      await expect.poll(async () => (await api.find(id)).attributes.status).toBe('started')
      const { rows } = await service.pool.query(
        'select claimed_by = substr(upload_store, 6) as is_own from imports where id = $1',
        [id],
      )
      expect(rows).toEqual([{ is_own: true }])
    })
  })

  test('undoes it, although that process is gone', async () => {
    const { id } = await service.api.import(mistakes)
    await service.server.kill()
    const asked = await api.request(`/subscriptions/imports/${id}/undo`, { method: 'POST' })
    expect(asked.status).toBe(202)
    await expect.poll(async () => (await api.find(id)).meta.undo?.status, { timeout: 20_000 }).toBe('success')
    expect((await api.get('/subscriptions/products')).body.meta.results.total).toBe(0)
  })
})

test('A process that starts again gives back what it had claimed itself, and nothing that another one runs', async () => {
  const { rows } = await service.pool.query<{ owner_id: string; upload_store: string }>(
    'select i.owner_id, i.upload_store from imports i where i.id = $1',
    [(await service.api.import(mistakes)).id],
  )
  const [known] = rows
  if (!known) throw new Error('the import is gone')
  const own = known.upload_store.replace('file:', '')
  await service.server.kill()
  const claimed = [own, 'another process', null]
  const ids = await Promise.all(
    claimed.map(async (claimedBy) => {
      const owner = randomUUID()
      await service.pool.query("insert into owners (id, kind, name) values ($1, 'store', $2)", [owner, owner])
      const id = randomUUID()
      await insertImport(service.pool, owner, {
        id,
        status: 'started',
        upload_store: known.upload_store,
        claimed_by: claimedBy,
        lease_expires_at: '2100-01-01',
      })
      return id
    }),
  )
  await releaseLeasesOf(service.pool, own, known.upload_store)
  const after = await service.pool.query(
    'select lease_expires_at is null as is_free from imports where id = any($1::uuid[]) order by array_position($1::uuid[], id)',
    [ids],
  )
  expect(after.rows.map(({ is_free }) => is_free)).toEqual([true, false, true])
})

test('A process is not API or worker alone while its uploads are in a folder', async () => {
  for (const role of ['API_ONLY', 'WORKER_ONLY']) {
    const error = await service.restart({ [role]: 'true' }).catch((given: Error) => given)
    expect(String(error)).toMatch(
      new RegExp(
        `ended with 1:\\nintake: ${role} needs an upload store that other processes can reach[^\\n]*\\n$`,
      ),
    )
  }
})

test('Processes that look for expired reports at once delete each of them once', async () => {
  const ids: string[] = []
  for (let n = 0; n < 6; n += 1)
    ids.push((await service.api.import(times(200, () => aProduct({ name: 'No' })) + file(aProduct()))).id)
  await service.server.kill()
  await other.kill()
  await service.pool.query(
    "update imports set finished_at = finished_at - interval '31 days', expired_at = now() - interval '1 day' where id = any($1::uuid[])",
    [ids],
  )
  const [again] = await Promise.all([
    serve({ DATA_DIR: join(folder.path, 'data'), DATABASE_URL: service.databaseUrl, LOG_LEVEL: 'info' }),
    service.restart({ LOG_LEVEL: 'info' }),
  ])
  other = again
  await expect
    .poll(
      async () => {
        const left =
          'select from imports where id = any($1::uuid[]) and (errors_deleted_at is null or upload_deleted_at is null)'
        return (await service.pool.query(left, [ids])).rowCount
      },
      { timeout: 30_000 },
    )
    .toBe(0)
  const said = () => other.stderr() + service.server.stderr()
  for (const message of ['errors deleted', 'upload deleted']) {
    await expect.poll(() => said().split(`"${message}"`).length - 1).toBe(ids.length)
  }
  let deleted = 0
  for (const one of [api, service.api]) {
    const { body } = await new Api(one === api ? other.url : one.url, one.key).get('/metrics')
    deleted += Number(/^intake_retention_removed_total{what="error"} (\d+)$/m.exec(body)?.[1])
  }
  expect(deleted).toBe(6 * 200)
})

test('A process goes on while a newer version adds to the database, and none of its own version starts again', async () => {
  await service.pool.query('alter table imports add column later text')
  await service.pool.query("insert into intake_migrations (name, run_on) values ('9999_later', now())")
  expect((await service.api.import(mistakes)).attributes.status).toBe('success')
  expect((await api.get('/readyz')).status).toBe(200)
  await other.kill()
  const again = serve({ DATA_DIR: join(folder.path, 'data'), DATABASE_URL: service.databaseUrl })
  await expect(again).rejects.toThrow(/ended with 1:\nintake: [^\n]* newer version of intake[^\n]*\n$/)
})
