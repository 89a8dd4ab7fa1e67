import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { Api, ImportResource } from '../support/api.js'
import { aProduct, file, times } from '../support/builders.js'
import { expectError } from '../support/errors.js'
import { testService } from '../support/service.js'

const service = testService({})

const mistakes = (count: number) => times(count, () => aProduct({ name: 'No' }))

/** Sets a time of an import back, as if so many days had passed since. */
const setBack = (id: string, column: 'finished_at' | 'expired_at', days: number) =>
  service.pool.query(
    `update imports set ${column} = ${column} - make_interval(secs => $2::double precision * 86400) where id = $1`,
    [id, days],
  )

async function timesOf(
  id: string,
): Promise<Record<'expired_at' | 'errors_deleted_at' | 'upload_deleted_at', string | null>> {
  const { rows } = await service.pool.query(
    'select expired_at, errors_deleted_at, upload_deleted_at from imports where id = $1',
    [id],
  )
  return rows[0]
}

async function errorRows(id: string): Promise<number> {
  const { rows } = await service.pool.query(
    'select count(*)::int as count from import_errors where import_id = $1',
    [id],
  )
  return rows[0].count
}

/** A start looks at once for what has expired. */
async function afterRestart(
  ids: readonly string[],
  column: keyof Awaited<ReturnType<typeof timesOf>>,
  environment = {},
) {
  await service.restart(environment)
  for (const id of ids) await becomes(id, column)
}

const becomes = (id: string, column: keyof Awaited<ReturnType<typeof timesOf>>) =>
  vi.waitFor(async () => expect((await timesOf(id))[column]).not.toBeNull(), { timeout: 60_000 })

async function hasUpload(id: string): Promise<boolean> {
  const { rows } = await service.pool.query('select upload_key from imports where id = $1', [id])
  return (await service.uploads()).some((path) => path.includes(rows[0].upload_key))
}

describe('30 days after its end', () => {
  let old: ImportResource
  let young: ImportResource
  let large: ImportResource
  let store: Api
  let rehearsal: ImportResource
  let run: ImportResource
  let faultless: ImportResource
  let foreign: ImportResource

  beforeAll(async () => {
    const { api } = service
    old = await api.import(mistakes(3) + file(aProduct()))
    young = await api.import(mistakes(2) + file(aProduct()))
    store = await service.addStore()
    large = await store.import(mistakes(12_000) + file(aProduct()))
    rehearsal = await api.import(mistakes(2) + file(aProduct()), { dryRun: true })
    const { body } = await api.request(`/subscriptions/imports/${rehearsal.id}/run`, { method: 'POST' })
    run = await api.finished(body.data.id)
    faultless = await api.import(file(aProduct()))
    foreign = await api.import(mistakes(1) + file(aProduct()))
    await service.pool.query("update imports set upload_store = 'file:another' where id = $1", [foreign.id])
    const expired = [old, large, rehearsal, faultless, foreign].map(({ id }) => id)
    for (const id of expired) await setBack(id, 'finished_at', 31)
    await setBack(young.id, 'finished_at', 29)
    await afterRestart(expired, 'expired_at')
    store = store.at(service.server.url)
  })

  test('the errors of an import are 410; its counts remain, and those of others', async () => {
    for (const accept of ['application/json', 'application/jsonl']) {
      const answer = await service.api.request(`/subscriptions/imports/${old.id}/errors`, {
        headers: { accept },
      })
      expectError(answer, 410, 'Gone', /^The errors of this import expired on \d{4}-\d\d-\d\d/)
    }
    const warnings = await service.api.get(`/subscriptions/imports/${old.id}/warnings`)
    expectError(warnings, 410, 'Gone', /^The warnings of this import expired on \d{4}-\d\d-\d\d/)
    const { meta } = await service.api.find(old.id)
    expect(meta.errors).toBe(3)
    expect(meta.warnings).toBe(1)
    expect(meta.records.uploaded.subscription_product).toBe(4)
    expect(await service.api.errors(young.id)).toHaveLength(2)
  })

  test('whoever reads its report can read on', async () => {
    expect(await errorRows(large.id)).toBe(12_000)
    expect(await hasUpload(large.id)).toBe(true)
  })

  test('an import without errors has none', async () => {
    const { status, body } = await service.api.get(`/subscriptions/imports/${faultless.id}/errors`)
    expect(status).toBe(200)
    expect(body.data).toEqual([])
  })

  describe('and an hour', () => {
    beforeAll(async () => {
      for (const { id } of [large, rehearsal, foreign]) await setBack(id, 'expired_at', 1)
      await afterRestart([large.id, rehearsal.id], 'upload_deleted_at')
      await becomes(foreign.id, 'errors_deleted_at')
      store = store.at(service.server.url)
    })

    test('the report is deleted, and the upload with it; counts and records remain', async () => {
      expect((await timesOf(large.id)).errors_deleted_at).not.toBeNull()
      expect(await errorRows(large.id)).toBe(0)
      const { rows } = await service.pool.query('select from import_warnings where import_id = $1', [
        large.id,
      ])
      expect(rows).toEqual([])
      expect(await hasUpload(large.id)).toBe(false)
      expect((await store.find(large.id)).meta.errors).toBe(12_000)
      expect((await store.get('/subscriptions/products')).body.meta.results.total).toBe(1)
    })

    test('a rehearsal has lost its file, and the import that ran it has its own', async () => {
      expect([await hasUpload(rehearsal.id), await hasUpload(run.id)]).toEqual([false, true])
      expect((await service.api.get(`/subscriptions/imports/${run.id}/rejected`)).body).toBe(mistakes(2))
    })

    test('a process has deleted the errors of every import, and the upload of none that another process has', async () => {
      expect((await timesOf(foreign.id)).upload_deleted_at).toBeNull()
      expect(await hasUpload(foreign.id)).toBe(true)
    })
  })
})

test('RETENTION_DAYS sets the time, and none keeps everything', async () => {
  const kept = await service.api.import(mistakes(1) + file(aProduct()))
  await setBack(kept.id, 'finished_at', 3000)
  const marker = await service.api.import(mistakes(1) + file(aProduct()))
  await service.restart({ RETENTION_DAYS: 'none' })
  // Marked by hand, it shows that there was a look.
  await service.pool.query("update imports set expired_at = now() - interval '1 day' where id = $1", [
    marker.id,
  ])
  await afterRestart([marker.id], 'upload_deleted_at', { RETENTION_DAYS: 'none' })
  expect((await timesOf(kept.id)).expired_at).toBeNull()
  expect(await service.api.errors(kept.id)).toHaveLength(1)
  await afterRestart([kept.id], 'expired_at', { RETENTION_DAYS: '2999' })
})

test('an import that waits or runs never expires, however old', async () => {
  const { id } = await service.api.create(times(60_000, (n) => aProduct({ external_ref: `p-${n}` })))
  await service.pool.query("update imports set created_at = created_at - interval '100 days' where id = $1", [
    id,
  ])
  await service.restart()
  expect((await service.api.finished(id)).meta.records.imported.subscription_product).toBe(60_000)
  expect((await timesOf(id)).expired_at).toBeNull()
})
