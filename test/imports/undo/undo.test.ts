import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Answer, Api, ImportResource } from '../../support/api.js'
import {
  aFeature,
  anInlineSubscription,
  anOffering,
  aPlan,
  aProduct,
  aState,
  aSubscriber,
  aSubscription,
  counts,
  file,
  times,
} from '../../support/builders.js'
import { expectErrors } from '../../support/errors.js'
import { insertImport, ownerIdOf } from '../../support/rows.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const api = newStoreEach(service)

const undoPath = (id: string) => `/subscriptions/imports/${id}/undo`

const undo = (id: string, query = '', of: Api = api): Promise<Answer> =>
  of.request(`${undoPath(id)}${query}`, { method: 'POST' })

const conflict = (detail: string, id: string) => ({ title: 'Write Conflict', detail, meta: { id } })

/** The counts of an undo that changes nothing. */
async function preview(id: string, of: Api = api): Promise<object> {
  const { status, body } = await undo(id, '?dry_run=true', of)
  expect(body.errors).toBeUndefined()
  expect(status).toBe(200)
  const { dry_run, ...counts } = body.data.meta
  expect([body.data.type, dry_run]).toEqual(['subscription_import_undo', true])
  return counts
}

/** Undoes an import to its end, once its preview was the same. */
async function undone(id: string, of: Api = api): Promise<ImportResource> {
  const expected = await preview(id, of)
  const { status, body } = await undo(id, '', of)
  expect(body.errors).toBeUndefined()
  expect(status).toBe(202)
  expect(body.data.meta.undo.status).toMatch(/pending|started|success/)
  for (;;) {
    const found = await of.find(id)
    if (found.meta.undo?.status === 'success') {
      const { removed, restored, kept } = found.meta.undo
      expect({ removed, restored, kept }).toEqual(expected)
      return found
    }
    expect(found.meta.undo?.status).not.toBe('failed')
    await sleep(20)
  }
}

const kept = (id: string, of: Api = api) => of.lines(`${undoPath(id)}/kept`)

const total = async (table: string): Promise<number> =>
  (await api.get(`/subscriptions/${table}`)).body.meta.results.total

const everything = file(
  aProduct({ external_ref: 'p' }),
  aProduct(),
  aPlan({ external_ref: 'plan' }),
  aSubscriber(),
  aFeature({ external_ref: 'f' }),
  anOffering({ external_ref: 'coffee', products: ['p'], plans: ['plan'], features: ['f'] }),
  anOffering(),
  aSubscription(),
  anInlineSubscription(),
)

const TABLES = ['products', 'plans', 'subscribers', 'features', 'offerings', 'subscriptions']

const rowsOf = async (of: Api): Promise<number> => {
  const ownerId = await ownerIdOf(service.pool, of)
  const tables = [
    ...TABLES,
    ...['offering_products', 'offering_plans', 'offering_features'],
    ...['subscription_products', 'subscription_plans', 'subscription_states', 'import_kept'],
  ]
  const each = tables.map((table) => `select from ${table} where owner_id = $1`)
  return (await service.pool.query(each.join(' union all '), [ownerId])).rowCount ?? 0
}

describe('An undo', () => {
  test('removes all that the import added, with everything that it holds', async () => {
    const before = await api.add(aProduct({ external_ref: 'before' }))
    const { id } = await api.import(everything)
    const { meta, attributes } = await undone(id)
    expect(attributes.status).toBe('success')
    expect(meta.undo).toEqual({
      status: 'success',
      removed: counts(2, 1, 1, 2, 1, 2),
      restored: counts(),
      kept: counts(),
      timestamps: expect.objectContaining({
        created_at: expect.any(String),
        finished_at: expect.any(String),
      }),
    })
    expect(await kept(id)).toEqual([])
    expect(await rowsOf(api)).toBe(1)
    for (const table of TABLES) expect(await total(table)).toBe(table === 'products' ? 1 : 0)
    expect((await api.read(`/subscriptions/products/${before.id}`)).id).toBe(before.id)
    // What the import did is still told.
    expect(meta.records.imported).toEqual(counts(2, 1, 1, 2, 1, 2))
    expect(await api.lines(`/subscriptions/imports/${id}/results`)).toEqual([])
  })

  test('leaves what was changed since, and what others hold by now, and says so', async () => {
    const { id } = await api.import(
      file(
        aProduct({ external_ref: 'changed' }),
        aProduct({ external_ref: 'held' }),
        aProduct({ external_ref: 'free' }),
        aPlan({ external_ref: 'plan' }),
        anOffering({ external_ref: 'coffee', products: ['held'], plans: ['plan'] }),
        anOffering({ external_ref: 'tea' }),
        aSubscription({ external_ref: 'paused', offering_external_ref: 'tea' }),
      ),
    )
    const idOf = async (table: string, ref: string): Promise<string> => {
      const [found] = await api.read<{ id: string }[]>(
        `/subscriptions/${table}?filter=eq(external_ref,${ref})`,
      )
      return found?.id ?? ''
    }
    const changed = await idOf('products', 'changed')
    await api.put(`/subscriptions/products/${changed}`, {
      data: { type: 'subscription_product', attributes: { name: 'Changed' } },
    })
    const other = await api.add(anOffering({ products: ['held'], plans: [aPlan().data.attributes] }))
    const paused = await idOf('subscriptions', 'paused')
    await api.post(`/subscriptions/subscriptions/${paused}/states`, aState('pause'))
    const later = await api.import(file(aSubscription({ offering_external_ref: 'coffee' })))
    const subscriptions = await api.read<{ id: string }[]>('/subscriptions/subscriptions')
    const [subscription] = subscriptions
    const [product, coffee, tea] = await Promise.all([
      idOf('products', 'held'),
      idOf('offerings', 'coffee'),
      idOf('offerings', 'tea'),
    ])
    const plan = await idOf('plans', 'plan')

    const { meta } = await undone(id)
    expect(meta.undo).toMatchObject({ removed: counts(1), kept: counts(2, 1, 0, 2, 0, 1) })
    expect(await kept(id)).toEqual([
      {
        line_number: 1,
        type: 'subscription_product',
        id: changed,
        external_ref: 'changed',
        reason: 'changed',
        detail: 'The product was changed after this import.',
      },
      {
        line_number: 2,
        type: 'subscription_product',
        id: product,
        external_ref: 'held',
        reason: 'held',
        detail: expect.stringMatching(/^The offering \S{36} holds it\.$/),
      },
      {
        line_number: 4,
        type: 'subscription_plan',
        id: plan,
        external_ref: 'plan',
        reason: 'held',
        detail: `The offering ${coffee} holds it.`,
      },
      {
        line_number: 5,
        type: 'subscription_offering',
        id: coffee,
        external_ref: 'coffee',
        reason: 'held',
        detail: `The subscription ${subscription?.id} holds it.`,
      },
      {
        line_number: 6,
        type: 'subscription_offering',
        id: tea,
        external_ref: 'tea',
        reason: 'held',
        detail: `The subscription ${paused} holds it.`,
      },
      {
        line_number: 7,
        type: 'subscription',
        id: paused,
        external_ref: 'paused',
        reason: 'changed',
        detail: 'The subscription was changed after this import.',
      },
    ])
    expect(await total('products')).toBe(2)
    expect((await api.find(later.id)).meta.undo).toBeUndefined()
    expect((await api.read(`/subscriptions/offerings/${other.id}`)).id).toBe(other.id)
  })

  test("of an organization's import leaves what its stores hold, and names nothing of theirs", async () => {
    const { id: organizationId, api: organization } = await service.addOrganization()
    const store = await service.addStore(organizationId)
    const { id } = await organization.import(
      file(
        aProduct({ external_ref: 'p' }),
        aPlan({ external_ref: 'plan' }),
        anOffering({ external_ref: 'coffee' }),
        anOffering({ name: 'Nameless' }),
        anOffering({ external_ref: 'free' }),
      ),
    )
    const offerings = await organization.read<{ id: string }[]>(
      '/subscriptions/offerings?filter=eq(name,Nameless)',
    )
    await store.add(anOffering({ products: ['p'], plans: [aPlan().data.attributes] }))
    await store.import(
      file(
        aSubscription(),
        aSubscription({ offering_external_ref: undefined, offering_id: offerings[0]?.id }),
      ),
    )
    const { meta } = await undone(id, organization)
    expect(meta.undo).toMatchObject({ removed: counts(0, 1, 0, 1), kept: counts(1, 0, 0, 2) })
    expect((await kept(id, organization)).map(({ line_number, detail }) => [line_number, detail])).toEqual([
      [1, "A store's offering holds it."],
      [3, "A store's subscription holds it."],
      [4, "A store's subscription holds it."],
    ])
  })

  test('takes any number of records, and of what they hold', async () => {
    const products = Array.from({ length: 300 }, (_, index) => aProduct({ sku: `${index}` }).data.attributes)
    const { id } = await api.import(
      times(6000, (n) => aSubscriber({ external_ref: `s-${n}` })) +
        times(150, () => anOffering({ products })),
    )
    const { meta } = await undone(id)
    expect(meta.undo?.removed).toEqual(counts(0, 0, 6000, 150))
    expect(await rowsOf(api)).toBe(0)
  })

  test('is in no list, no total and no answer', async () => {
    const { id } = await api.import(file(aProduct()))
    await undone(id)
    const { body } = await api.get('/subscriptions/imports')
    expect(body.meta.results.total).toBe(1)
    expect(body.data.map((one: ImportResource) => one.id)).toEqual([id])
    expect((await api.get('/subscriptions/imports?filter=eq(status,success)')).body.meta.results.total).toBe(
      1,
    )
    const { rows } = await service.pool.query('select id from imports where undo_of = $1', [id])
    expect((await api.get(`/subscriptions/imports/${rows[0].id}`)).status).toBe(404)
  })

  test('gives the external_ref free', async () => {
    const { id } = await api.import(file(aProduct()), { externalRef: 'january' })
    await undone(id)
    const again = await api.import(file(aProduct()), { externalRef: 'january' })
    expect(again.attributes.status).toBe('success')
    expect((await api.upload(file(aProduct()), { externalRef: 'january' })).status).toBe(409)
  })

  test('waits for its turn, and the import after it waits for it', async () => {
    const { id } = await api.import(file(aProduct({ external_ref: 'p' })))
    const long = await api.create(times(20_000, () => aSubscriber()))
    const { body } = await undo(id)
    expect(body.data.meta.undo.status).toBe('pending')
    // The external_ref is free only once the undo has ended.
    const later = await api.import(file(aProduct({ external_ref: 'p' })))
    expect(later.meta.records.imported).toEqual(counts(1))
    expect((await api.find(id)).meta.undo?.status).toBe('success')
    expect((await api.find(long.id)).attributes.status).toBe('success')
  })

  test('takes back an import that was canceled half-way, which is not retried afterwards', async () => {
    const { id } = await api.create(times(60_000, () => aSubscriber()))
    for (;;) {
      const { meta } = await api.find(id)
      if ((meta.records.imported.subscription_subscriber ?? 0) > 0) break
    }
    expectErrors(await undo(id), 409, [
      conflict('The import has not ended; cancel it first, or wait for its end.', id),
    ])
    await api.request(`/subscriptions/imports/${id}/cancel`, { method: 'POST' })
    await undone(id)
    expect(await total('subscribers')).toBe(0)
    expectErrors(await api.request(`/subscriptions/imports/${id}/retry`, { method: 'POST' }), 409, [
      conflict('This import was undone, or its undo has begun; post the file again.', id),
    ])
  })
})

describe('An undo is refused', () => {
  test('a second time', async () => {
    const { id } = await api.import(file(aProduct()))
    await undone(id)
    for (const query of ['', '?dry_run=true']) {
      expectErrors(await undo(id, query), 409, [
        conflict('This import was undone already, or is being undone.', id),
      ])
    }
  })

  test('for a rehearsal', async () => {
    const { id } = await api.import(file(aProduct()), { dryRun: true })
    expectErrors(await undo(id), 409, [
      conflict('A rehearsal has added nothing, so there is nothing to undo.', id),
    ])
  })

  test('once the report has expired', async () => {
    const id = 'aaaaaaaa-0000-4000-8000-000000000001'
    const ownerId = await ownerIdOf(service.pool, api)
    const finished_at = '2020-01-01T00:00:00Z'
    await insertImport(service.pool, ownerId, { id, finished_at, expired_at: '2020-02-01T00:00:00Z' })
    const answer = await undo(id)
    expectErrors(answer, 410, [{ title: 'Gone', detail: /It expired on 2020-02-01\.$/ }])
  })

  test('with a parameter that is neither true nor false', async () => {
    const { id } = await api.import(file(aProduct()))
    expect((await undo(id, '?dry_run=perhaps')).status).toBe(400)
    expect((await api.find(id)).meta.undo).toBeUndefined()
  })
})

test('An undo that failed is resumed by another request', async () => {
  const { id } = await api.import(file(aProduct(), aProduct()))
  await service.pool.query(
    `insert into imports (id, undo_of, owner_id, status, failure_reason, failure_detail, finished_at, upload_store,
                          upload_key, file_bytes, file_lines, file_sha256, max_line_bytes)
     select gen_random_uuid(), id, owner_id, 'failed', 'fault', 'It failed.', now(), upload_store, upload_key, 0, 0, '', 0
     from imports where id = $1`,
    [id],
  )
  expect((await api.find(id)).meta.undo).toMatchObject({
    status: 'failed',
    failure: { reason: 'fault', detail: 'It failed.' },
  })
  const { meta } = await undone(id)
  expect(meta.undo).toMatchObject({ status: 'success', removed: counts(2) })
  expect(meta.undo?.failure).toBeUndefined()
})
