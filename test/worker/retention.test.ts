import { expect, test } from 'vitest'
import { aProduct, file, times } from '../support/builders.js'
import { expectError } from '../support/errors.js'
import { testServiceEach } from '../support/service.js'

const service = testServiceEach()

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
async function afterRestart(id: string, column: keyof Awaited<ReturnType<typeof timesOf>>, environment = {}) {
  await service.restart(environment)
  await expect.poll(async () => (await timesOf(id))[column], { timeout: 60_000 }).not.toBeNull()
}

test('30 days after its end the errors of an import are 410; its counts remain, and those of others', async () => {
  const old = await service.api.import(mistakes(3) + file(aProduct()))
  const young = await service.api.import(mistakes(2) + file(aProduct()))
  await setBack(old.id, 'finished_at', 31)
  await setBack(young.id, 'finished_at', 29)
  await afterRestart(old.id, 'expired_at')
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

test('whoever reads the report as it expires can read on: it is deleted an hour later, and the upload with it', async () => {
  const { id } = await service.api.import(mistakes(12_000) + file(aProduct()))
  await setBack(id, 'finished_at', 31)
  await afterRestart(id, 'expired_at')
  expect(await errorRows(id)).toBe(12_000)
  expect(await service.uploads()).toHaveLength(1)

  await setBack(id, 'expired_at', 1)
  await afterRestart(id, 'upload_deleted_at')
  expect((await timesOf(id)).errors_deleted_at).not.toBeNull()
  expect(await errorRows(id)).toBe(0)
  const { rows } = await service.pool.query('select from import_warnings where import_id = $1', [id])
  expect(rows).toEqual([])
  expect(await service.uploads()).toEqual([])
  expect((await service.api.find(id)).meta.errors).toBe(12_000)
  expect((await service.api.get('/subscriptions/products')).body.meta.results.total).toBe(1)
})

test('a rehearsal and the import that ran it each have their file until their own time', async () => {
  const rehearsal = await service.api.import(mistakes(2) + file(aProduct()), { dryRun: true })
  const { body } = await service.api.request(`/subscriptions/imports/${rehearsal.id}/run`, { method: 'POST' })
  const { id } = await service.api.finished(body.data.id)
  expect(await service.uploads()).toHaveLength(2)
  await setBack(rehearsal.id, 'finished_at', 31)
  await afterRestart(rehearsal.id, 'expired_at')
  await setBack(rehearsal.id, 'expired_at', 1)
  await afterRestart(rehearsal.id, 'upload_deleted_at')
  expect(await service.uploads()).toHaveLength(1)
  expect((await service.api.get(`/subscriptions/imports/${id}/rejected`)).body).toBe(mistakes(2))
})

test('an import without errors has none after its time either', async () => {
  const { id } = await service.api.import(file(aProduct()))
  await setBack(id, 'finished_at', 31)
  await afterRestart(id, 'expired_at')
  const { status, body } = await service.api.get(`/subscriptions/imports/${id}/errors`)
  expect(status).toBe(200)
  expect(body.data).toEqual([])
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
  await afterRestart(marker.id, 'upload_deleted_at', { RETENTION_DAYS: 'none' })
  expect((await timesOf(kept.id)).expired_at).toBeNull()
  expect(await service.api.errors(kept.id)).toHaveLength(1)
  await afterRestart(kept.id, 'expired_at', { RETENTION_DAYS: '2999' })
})

test('a process deletes the errors of every import, and the upload of none that another process has', async () => {
  const { id } = await service.api.import(mistakes(1) + file(aProduct()))
  await service.pool.query("update imports set upload_store = 'file:another' where id = $1", [id])
  await setBack(id, 'finished_at', 31)
  await afterRestart(id, 'expired_at')
  await setBack(id, 'expired_at', 1)
  await afterRestart(id, 'errors_deleted_at')
  expect((await timesOf(id)).upload_deleted_at).toBeNull()
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
