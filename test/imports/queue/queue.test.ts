import { describe, expect, test } from 'vitest'
import type { Api, ImportResource } from '../../support/api.js'
import { anOffering, aProduct, counts, file, times } from '../../support/builders.js'
import { held, whileHolding } from '../../support/holding.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const api = newStoreEach(service)

/** When an import started and finished. The texts sort as the times do. */
function span({ meta: { timestamps } }: ImportResource): { started: string; finished: string } {
  const { started_at: started = '', finished_at: finished = '' } = timestamps
  expect(started <= finished && started !== '').toBe(true)
  return { started, finished }
}

const total = (by: Readonly<Record<string, number>>) => Object.values(by).reduce((sum, count) => sum + count)

describe('The imports of one owner', () => {
  test('run one at a time, the earliest created first', async () => {
    const ids: string[] = []
    for (let index = 0; index < 8; index += 1) ids.push((await api.create(times(300, () => aProduct()))).id)
    const finished = await Promise.all(ids.map((id) => api.finished(id)))
    const spans = finished.map(span)
    for (const [index, { started }] of spans.entries()) {
      if (index > 0) expect(started >= (spans[index - 1]?.finished ?? '')).toBe(true)
    }
  })

  test('wait while one of them runs, and only that one is started at any time', async () => {
    await whileHolding(service, api, 'held', async () => {
      const first = await api.create(held())
      await api.waitFor(first.id, 'started')
      const second = await api.create(file(aProduct()))
      const third = await api.create(file(aProduct()))
      // Another owner's import, created after them, starts and ends: so the queue was polled, and skipped
      // them.
      const other = await service.addStore()
      await other.import(file(aProduct()))
      expect((await api.find(first.id)).attributes.status).toBe('started')
      for (const { id } of [second, third]) {
        const { attributes, meta } = await api.find(id)
        expect(attributes.status).toBe('pending')
        expect(meta.timestamps).not.toHaveProperty('started_at')
        expect(meta.timestamps).not.toHaveProperty('finished_at')
        expect(meta.records.imported).toEqual(counts())
      }
    })
    const { body } = await api.get('/subscriptions/imports?filter=in(status,pending,started)')
    for (const { id } of body.data) await api.finished(id)
    const { body: all } = await api.get('/subscriptions/imports')
    expect(all.data.map(({ attributes }: ImportResource) => attributes.status)).toEqual(
      Array.from({ length: 4 }, () => 'success'),
    )
  })

  test('see what the earlier ones imported', async () => {
    const first = await api.create(times(3000, (index) => aProduct({ external_ref: `p-${index}` })))
    const second = await api.create(file(anOffering({ products: ['p-2999'] })))
    expect((await api.finished(second.id)).meta.records.imported).toEqual(counts(0, 0, 0, 1))
    expect((await api.finished(first.id)).meta.records.imported).toEqual(counts(3000))
  })
})

test('Imports that are posted all at once run in the order of their created_at', async () => {
  const posted = await Promise.all(Array.from({ length: 40 }, () => api.create(file(aProduct()))))
  const done = await Promise.all(posted.map(({ id }) => api.finished(id)))
  const by = (name: 'created_at' | 'started_at') =>
    done
      .toSorted((a, b) => ((a.meta.timestamps[name] ?? '') < (b.meta.timestamps[name] ?? '') ? -1 : 1))
      .map(({ id }) => id)
  expect(by('started_at')).toEqual(by('created_at'))
  expect(service.server.stderr()).not.toContain('the queue could not be read')
})

describe('The imports of several owners', () => {
  test('run in parallel: nobody waits for another one’s', async () => {
    const others = await Promise.all([service.addStore(), service.addStore()])
    await whileHolding(service, api, 'held', async () => {
      const first = await api.create(held())
      await api.waitFor(first.id, 'started')
      for (const other of others) {
        expect((await other.import(times(2500, () => aProduct()))).attributes.status).toBe('success')
      }
      expect((await api.find(first.id)).attributes.status).toBe('started')
    })
  })

  test('are started at the same moment', async () => {
    const other = await service.addStore()
    await whileHolding(service, api, 'held', async () => {
      await whileHolding(service, other, 'held', async () => {
        const [one, two] = [await api.create(held()), await other.create(held())]
        await Promise.all([api.waitFor(one.id, 'started'), other.waitFor(two.id, 'started')])
        const { rows } = await service.pool.query(
          "select id from imports where status = 'started' and id in ($1, $2) order by id",
          [one.id, two.id],
        )
        expect(rows.map(({ id }) => id)).toEqual([one.id, two.id].sort())
      })
    })
  })

  test('of a store and its organization do not wait for each other either', async () => {
    const organization = await service.addOrganization()
    const store = await service.addStore(organization.id)
    await whileHolding(service, store, 'held', async () => {
      const { id } = await store.create(held())
      await store.waitFor(id, 'started')
      await organization.api.import(file(aProduct()))
      expect((await store.find(id)).attributes.status).toBe('started')
    })
  })

  test('never are two of one owner, at every observation, and each owner’s run in their order', async () => {
    const owners = await Promise.all(Array.from({ length: 6 }, () => service.addStore()))
    const jobs: { owner: Api; id: string }[] = []
    for (let round = 0; round < 4; round += 1) {
      await Promise.all(
        owners.map(async (owner, index) => {
          const { id } = await owner.create(times(200 + 400 * ((round + index) % 3), () => aProduct()))
          jobs.push({ owner, id })
        }),
      )
    }
    for (;;) {
      const { rows } = await service.pool.query<{ status: string; owner_id: string }>(
        "select status, owner_id from imports where status in ('pending', 'started')",
      )
      const started = rows.filter(({ status }) => status === 'started').map(({ owner_id }) => owner_id)
      expect(new Set(started).size).toBe(started.length)
      if (rows.length === 0) break
    }
    for (const owner of owners) {
      const own = jobs.filter((job) => job.owner === owner)
      const spans = await Promise.all(own.map(async ({ id }) => span(await owner.find(id))))
      expect(spans).toHaveLength(4)
      for (const [index, { started }] of spans.entries()) {
        if (index > 0) expect(started >= (spans[index - 1]?.finished ?? '')).toBe(true)
      }
    }
  })
})

describe('The counts of a running import', () => {
  test('match what is in the table at that moment, and become exact at the end', async () => {
    let id = ''
    await whileHolding(service, api, 'p-4500', async () => {
      ;({ id } = await api.create(
        times(6000, (index) =>
          aProduct({ external_ref: `p-${index}`, ...(index % 10 === 9 && { name: '' }) }),
        ),
      ))
      let imported = 0
      while (imported === 0) imported = total((await api.waitFor(id, 'started')).meta.records.imported)
      expect(imported).toBeLessThan(4500)
      const running = await api.find(id)
      expect(running.meta.records.uploaded).toEqual(counts(6000))
      expect(running.meta.errors).toBeGreaterThan(0)
      expect(running.meta.timestamps).not.toHaveProperty('finished_at')
      const { body } = await api.get('/subscriptions/products')
      const after = await api.find(id)
      // One product existed before. The count of the list is between the counts before and after it.
      expect(body.meta.results.total - 1).toBeGreaterThanOrEqual(
        running.meta.records.imported.subscription_product ?? NaN,
      )
      expect(body.meta.results.total - 1).toBeLessThanOrEqual(
        after.meta.records.imported.subscription_product ?? NaN,
      )
    })
    const { meta, attributes } = await api.finished(id)
    expect(attributes.status).toBe('success')
    expect(meta.records).toEqual({ uploaded: counts(6000), imported: counts(5400) })
    expect(meta.errors).toBe(600)
  })

  test('only grow, never exceed uploaded, and lead to imported + rejected = uploaded', async () => {
    const content = times(8000, (index) =>
      index % 4 === 0
        ? anOffering({ products: [index % 8 === 0 ? `p-${index + 1}` : 'nothing'] })
        : aProduct({ external_ref: `p-${index % 7000}` }),
    )
    const { id, meta: pending } = await api.create(content)
    const { uploaded } = pending.records
    expect(uploaded).toEqual(counts(6000, 0, 0, 2000))
    let last: ImportResource | undefined
    do {
      const now = await api.find(id)
      expect(now.meta.records.uploaded).toEqual(uploaded)
      for (const [type, count] of Object.entries(now.meta.records.imported)) {
        expect(count).toBeLessThanOrEqual(uploaded[type] ?? 0)
        expect(count).toBeGreaterThanOrEqual(last?.meta.records.imported[type] ?? 0)
      }
      expect(now.meta.errors).toBeGreaterThanOrEqual(last?.meta.errors ?? 0)
      expect((now.meta.timestamps.updated_at ?? '') >= (last?.meta.timestamps.updated_at ?? '')).toBe(true)
      last = now
    } while (!['success', 'failed'].includes(last.attributes.status))
    // 7000 external_refs for 8000 lines, less the quarter that are offerings, of which every
    // second names nothing, and 125 name one of the products that are rejected.
    const errors = await api.errors(id)
    const rejected = { products: 0, offerings: 0 }
    for (const line of new Set(errors.map(({ line }) => line))) {
      rejected[(line - 1) % 4 === 0 ? 'offerings' : 'products'] += 1
    }
    expect(last.meta.records.imported).toEqual(
      counts(6000 - rejected.products, 0, 0, 2000 - rejected.offerings),
    )
    expect(rejected).toEqual({ products: 750, offerings: 1125 })
    expect(last.meta.errors).toBe(errors.length)
  })
})

test('An import goes from pending through started to its end, each time with its timestamp', async () => {
  let id = ''
  await whileHolding(service, api, 'held', async () => {
    const pending = await api.create(held())
    ;({ id } = pending)
    expect(Object.keys(pending.meta.timestamps).sort()).toEqual(['created_at', 'updated_at'])
    const started = await api.waitFor(id, 'started')
    expect(Object.keys(started.meta.timestamps).sort()).toEqual(['created_at', 'started_at', 'updated_at'])
    expect(started.meta).not.toHaveProperty('failure')
  })
  const { meta, attributes } = await api.finished(id)
  const { created_at = '', started_at = '', finished_at = '', updated_at = '' } = meta.timestamps
  expect(attributes.status).toBe('success')
  expect([created_at, started_at, finished_at]).toEqual([created_at, started_at, finished_at].sort())
  expect(updated_at >= finished_at).toBe(true)
  expect(meta).not.toHaveProperty('failure')
})

test('An import of which nothing was imported failed, and says what to do', async () => {
  const { attributes, meta } = await api.import(file(aProduct({ name: 'ab' }), '', 'garbage'))
  expect(attributes.status).toBe('failed')
  expect(meta.failure).toEqual({ reason: 'all_rejected', detail: expect.stringMatching(/errors.*again\.$/) })
  expect(meta.timestamps).toHaveProperty('finished_at')
})

test('An import of which a single record was imported is a success', async () => {
  const { attributes, meta } = await api.import(
    `${times(2500, () => aProduct({ name: 'ab' }))}${file(aProduct())}`,
  )
  expect(attributes.status).toBe('success')
  expect(meta.records).toEqual({ uploaded: counts(2501), imported: counts(1) })
  expect(meta).not.toHaveProperty('failure')
})
