import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { Api } from '../support/api.js'
import { aPlan, aProduct, counts, file, times } from '../support/builders.js'
import { insertImport, ownerIdOf } from '../support/rows.js'
import { administer, startTestService, type TestService, testService } from '../support/service.js'
import { waitingForLocks } from '../support/waits.js'

const service = testService()

async function metricsOf({ api }: TestService): Promise<string> {
  const { status, body } = await api.get('/metrics')
  expect(status).toBe(200)
  return body
}

/** A figure by its name and labels as written; undefined: it is not reported. */
async function figure(name: string, from = service): Promise<number | undefined> {
  const line = (await metricsOf(from)).split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

/** By how much figures grow while something is done, including what the worker reports soon after. */
async function expectGrowth(growth: Readonly<Record<string, number>>, act: () => Promise<void>) {
  const names = Object.keys(growth)
  const before = await Promise.all(names.map((name) => figure(name)))
  await act()
  const expected = names.map((name, index) => (before[index] ?? 0) + (growth[name] ?? 0))
  await expect
    .poll(() => Promise.all(names.map((name) => figure(name))), { timeout: 20_000 })
    .toEqual(expected)
}

test('it answers everybody, in the text format of Prometheus', async () => {
  const answer = await new Api(service.server.url, '').request('/metrics', { headers: { authorization: '' } })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  for (const name of ['process_cpu_seconds_total', 'nodejs_eventloop_lag_seconds', 'intake_build_info']) {
    expect(answer.body).toMatch(new RegExp(`^${name}\\b`, 'm'))
  }
})

test('an import is counted: its bytes, records by type, errors, chunks and its end', async () => {
  const lines = file(aProduct(), aProduct({ name: 'No' }), aPlan(), 'garbage', '')
  await expectGrowth(
    {
      intake_upload_bytes_total: Buffer.byteLength(lines),
      'intake_records_total{type="subscription_product",outcome="imported"}': 1,
      'intake_records_total{type="subscription_product",outcome="rejected"}': 1,
      'intake_records_total{type="subscription_plan",outcome="imported"}': 1,
      intake_import_errors_total: 2,
      'intake_chunk_duration_seconds_count{outcome="committed"}': 1,
      'intake_import_duration_seconds_count{outcome="success"}': 1,
    },
    async () => {
      const { meta } = await service.api.import(lines)
      expect(meta.errors).toBe(2)
    },
  )
})

test('a rehearsal adds no records, and a retried import counts none of them twice', async () => {
  const imported = 'intake_records_total{type="subscription_product",outcome="imported"}'
  const store = await service.addStore()
  await expectGrowth(
    { [imported]: 0, 'intake_import_duration_seconds_count{outcome="success"}': 1 },
    async () => {
      await store.import(file(aProduct()), { dryRun: true })
    },
  )
  await expectGrowth(
    {
      [imported]: 60_000,
      'intake_records_total{type="subscription_product",outcome="rejected"}': 1,
      intake_import_errors_total: 1,
      'intake_import_duration_seconds_count{outcome="canceled"}': 1,
      'intake_import_duration_seconds_count{outcome="success"}': 1,
    },
    async () => {
      const { id } = await store.create(file(aProduct({ name: 'No' })) + times(60_000, () => aProduct()))
      await expect
        .poll(async () => (await store.get(`/subscriptions/imports/${id}`)).body.data.meta.errors, {
          timeout: 30_000,
        })
        .toBe(1)
      expect((await store.request(`/subscriptions/imports/${id}/cancel`, { method: 'POST' })).status).toBe(
        200,
      )
      expect((await store.request(`/subscriptions/imports/${id}/retry`, { method: 'POST' })).status).toBe(200)
      await store.finished(id)
    },
  )
})

test('what an alert watches exists before it happens, or the first time would not be an increase', async () => {
  const text = await metricsOf(service)
  for (const outcome of ['success', 'all_rejected', 'upload_missing', 'fault', 'canceled'])
    expect(text).toMatch(new RegExp(`^intake_import_duration_seconds_count{outcome="${outcome}"} \\d`, 'm'))
  expect(text).toMatch(/^intake_server_errors_total 0$/m)
})

test('requests are counted by the pattern of their path, and nothing shows whose they are', async () => {
  const store = await service.addStore()
  const ref = `ref-${randomUUID()}`
  const { id } = await store.import(file(aProduct({ external_ref: ref })), { externalRef: ref })
  await store.get(`/subscriptions/imports/${id}/errors`)
  await fetch(new URL(`/nowhere/${id}`, store.url))
  const text = await metricsOf(service)
  const count = (labels: string) =>
    new RegExp(`^intake_http_request_duration_seconds_count{${labels}} \\d`, 'm')
  expect(text).toMatch(count('method="POST",route="/subscriptions/imports",status="201"'))
  expect(text).toMatch(count('method="GET",route="/subscriptions/imports/:id/errors",status="200"'))
  expect(text).toMatch(count('method="GET",route="none",status="404"'))
  for (const secret of [id, ref, store.key, await ownerIdOf(service.pool, store)])
    expect(text).not.toContain(secret)
})

test('the queue: how many imports wait or run, for how long, and expired leases', async () => {
  const ownerId = await ownerIdOf(service.pool, await service.addStore())
  const other = await ownerIdOf(service.pool, await service.addStore())
  await insertImport(service.pool, ownerId, {
    status: 'pending',
    created_at: new Date(Date.now() - 3_600_000),
  })
  await insertImport(service.pool, ownerId, { status: 'pending' })
  await insertImport(service.pool, other, {
    status: 'started',
    created_at: new Date(Date.now() - 7_200_000),
    updated_at: new Date(Date.now() - 1_800_000),
    lease_expires_at: new Date(Date.now() - 1_700_000),
  })
  // The figures may be some seconds old.
  await expect.poll(() => figure('intake_imports{status="pending"}'), { timeout: 20_000 }).toBe(2)
  expect(await figure('intake_imports{status="started"}')).toBe(1)
  expect(await figure('intake_oldest_import_age_seconds{status="pending"}')).toBeGreaterThanOrEqual(3600)
  expect(await figure('intake_oldest_import_age_seconds{status="started"}')).toBeGreaterThanOrEqual(7200)
  expect(await figure('intake_import_silence_seconds')).toBeGreaterThanOrEqual(1800)
  expect(await figure('intake_expired_leases')).toBe(1)
  await service.pool.query("update imports set status = 'failed' where upload_store = 'none'")
})

test('a lost lease is counted, and the import runs to its end', async () => {
  const store = await service.addStore()
  await expectGrowth({ 'intake_import_interruptions_total{cause="lease_lost"}': 1 }, async () => {
    const { id } = await store.create(times(60_000, (n) => aProduct({ external_ref: `p-${n}` })))
    await store.waitFor(id, 'started')
    await service.pool.query('update imports set fence = fence + 1, lease_expires_at = now() where id = $1', [
      id,
    ])
    const { meta } = await store.finished(id)
    expect(meta.records.imported.subscription_product).toBe(60_000)
  })
})

test('a worker that finds what another one wrote has lost its lease, which is not a fault', async () => {
  const store = await service.addStore()
  const ownerId = await ownerIdOf(service.pool, store)
  const growth = {
    'intake_import_interruptions_total{cause="lease_lost"}': 1,
    'intake_import_interruptions_total{cause="fault"}': 0,
  }
  await expectGrowth(growth, async () => {
    const inTheWay = await service.pool.connect()
    await inTheWay.query('begin')
    await inTheWay.query(
      `insert into products (owner_id, id, created_at, updated_at, external_ref, name)
       values ($1, $2, now(), now(), 'p', 'Waited for')`,
      [ownerId, randomUUID()],
    )
    const { id } = await store.create(file(aProduct({ external_ref: 'p' }), aProduct({ name: 'No' })))
    await expect.poll(() => waitingForLocks(service.pool)).toBe(1)
    // As if the import had been canceled, retried, and had passed this chunk.
    await store.request(`/subscriptions/imports/${id}/cancel`, { method: 'POST' })
    await service.pool.query(
      `insert into import_errors (owner_id, import_id, line_number, ordinal, field, error, created_at)
       values ($1, $2, 2, 0, 'name', 'name must be at least 3 characters', now())`,
      [ownerId, id],
    )
    await inTheWay.query('rollback')
    inTheWay.release()
  })
})

test('a lock that the worker does not get in time is an outage, not a fault, whatever was sent behind it', async () => {
  const store = await service.addStore()
  const ownerId = await ownerIdOf(service.pool, store)
  await store.import(file(aProduct({ external_ref: 'p' })))
  const inTheWay = await service.pool.connect()
  await inTheWay.query('begin')
  await inTheWay.query(
    `insert into plans (owner_id, id, created_at, updated_at, external_ref, name, billing_interval_type,
                        billing_frequency, plan_length, end_behavior, can_pause, can_resume, can_cancel)
     values ($1, $2, now(), now(), 'q', 'Waited for', 'month', 1, 12, 'roll', true, true, true)`,
    [ownerId, randomUUID()],
  )
  // The product is taken, so the chunk goes the careful way, and the plan waits there for the other session.
  const lines = file(aProduct({ external_ref: 'p' }), aPlan({ external_ref: 'q' }))
  const growth = {
    'intake_import_interruptions_total{cause="outage"}': 1,
    'intake_import_interruptions_total{cause="fault"}': 0,
  }
  let id = ''
  try {
    await expectGrowth(growth, async () => {
      id = (await store.create(lines)).id
    })
  } finally {
    await inTheWay.query('rollback')
    inTheWay.release()
  }
  expect((await store.finished(id)).meta.records.imported).toEqual(counts(0, 1))
})

test('the pools of the API and of the worker are reported', async () => {
  await expect
    .poll(() => figure('intake_database_connections{pool="worker",state="idle"}'), { timeout: 20_000 })
    .toBeGreaterThan(0)
  expect(await figure('intake_database_connections{pool="api",state="waiting"}')).toBe(0)
})

test('without its database it reports what is known, and nothing about the queue', async () => {
  const away = await startTestService()
  try {
    expect(await figure('intake_database_up', away)).toBe(1)
    const name = new URL(away.databaseUrl).pathname.slice(1)
    await administer(`alter database ${name} allow_connections false`)
    await administer(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`)
    await expect.poll(() => figure('intake_database_up', away), { timeout: 20_000 }).toBe(0)
    expect(await metricsOf(away)).not.toMatch(
      /^intake_(imports|oldest|import_silence|expired_leases)\w*[ {]/m,
    )
    expect(await figure('intake_upload_bytes_total', away)).toBe(0)
  } finally {
    await away.server.kill()
    await away.stop()
  }
})
