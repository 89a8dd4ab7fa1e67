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
import { waitingFor } from '../../support/waits.js'

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
    const stores = [await service.addStore(organizationId), await service.addStore(organizationId)]
    await service.addStore(organizationId)
    const { id } = await organization.import(
      file(
        aProduct({ external_ref: 'p' }),
        aProduct({ external_ref: 'in coffee' }),
        aProduct({ external_ref: 'in free' }),
        aPlan({ external_ref: 'plan' }),
        anOffering({ external_ref: 'coffee', products: ['in coffee'] }),
        anOffering({ name: 'Nameless' }),
        anOffering({ external_ref: 'tea' }),
        anOffering({ external_ref: 'free', products: ['in free'] }),
      ),
    )
    const [nameless] = await organization.read<{ id: string }[]>(
      '/subscriptions/offerings?filter=eq(name,Nameless)',
    )
    const subscribed = [
      [aSubscription(), aSubscription({ offering_external_ref: undefined, offering_id: nameless?.id })],
      [aSubscription(), aSubscription({ offering_external_ref: 'tea' })],
    ]
    for (const [index, store] of stores.entries()) {
      await store.add(anOffering({ products: ['p'], plans: [aPlan().data.attributes] }))
      await store.import(file(...(subscribed[index] ?? [])))
    }
    const { meta } = await undone(id, organization)
    expect(meta.undo).toMatchObject({ removed: counts(1, 1, 0, 1), kept: counts(2, 0, 0, 3) })
    expect((await kept(id, organization)).map(({ line_number, detail }) => [line_number, detail])).toEqual([
      [1, "A store's offering holds it."],
      [2, expect.stringMatching(/^The offering \S+ holds it\.$/)],
      [5, "A store's subscription holds it."],
      [6, "A store's subscription holds it."],
      [7, "A store's subscription holds it."],
    ])
  })

  test('waits for whoever copies a record at this moment, and then leaves the record', async () => {
    const { id } = await api.import(file(aProduct({ external_ref: 'p' }), aProduct()))
    const offering = await api.add(anOffering())
    const client = await service.pool.connect()
    try {
      await client.query('begin')
      // As `attach` does.
      const ownerId = await ownerIdOf(service.pool, api)
      await client.query('select from offerings where owner_id = $1 and id = $2 for update', [
        ownerId,
        offering.id,
      ])
      const { rows } = await client.query(
        `select * from products where owner_id = $1 and external_ref = 'p' for key share`,
        [ownerId],
      )
      await client.query(
        `insert into offering_products (owner_id, holder_id, id, source_id, created_at, updated_at, name)
         values ($1, $2, gen_random_uuid(), $3, now(), now(), 'Copy')`,
        [rows[0].owner_id, offering.id, rows[0].id],
      )
      expect((await undo(id)).status).toBe(202)
      await expect.poll(() => waitingFor(service.pool, client)).toBe(1)
      await client.query('commit')
    } finally {
      client.release()
    }
    await expect.poll(async () => (await api.find(id)).meta.undo?.status).toBe('success')
    expect(await kept(id)).toEqual([
      expect.objectContaining({
        external_ref: 'p',
        reason: 'held',
        detail: `The offering ${offering.id} holds it.`,
      }),
    ])
    expect(await total('products')).toBe(1)
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

/** All that a store has, as it is answered, but for the times at which it was changed. */
async function all(of: Api): Promise<unknown> {
  const lists = await Promise.all(
    TABLES.map((table) => {
      const include = table === 'offerings' || table === 'subscriptions' ? '&include=products,plans' : ''
      return of.get(`/subscriptions/${table}?page[limit]=100${include}`)
    }),
  )
  return JSON.parse(
    JSON.stringify(
      lists.map(({ body: { data, included } }) => [data, included]),
      (key, value) => (key === 'updated_at' ? undefined : value),
    ),
  )
}

const aProductOf = (price: number, attributes = {}) =>
  aProduct({
    external_ref: 'p',
    description: `At ${price}`,
    price: { EUR: { amount: price } },
    ...attributes,
  })

describe('The undo of an import that changed records', () => {
  const before = file(
    aProduct({ external_ref: 'p' }),
    aProduct({ external_ref: 'p-2' }),
    aPlan({ external_ref: 'plan', base_price_percentage: 33.3, fixed_price: { EUR: { amount: 5 } } }),
    aSubscriber({
      external_ref: 's',
      payment_authority: { type: 'authorize_net', customer_profile_id: 'abc' },
    }),
    aFeature({ external_ref: 'f' }),
    anOffering({ external_ref: 'coffee', products: ['p', 'p-2'], plans: ['plan'], features: ['f'] }),
    aSubscription({ external_ref: 'a' }),
    anInlineSubscription({ external_ref: 'b' }),
  )
  const after = file(
    aProductOf(100),
    aProduct({ external_ref: 'p-3' }),
    aPlan({ external_ref: 'plan', plan_length: 3 }),
    aSubscriber({ external_ref: 's', name: 'Another name' }),
    aFeature({ external_ref: 'f', configuration: { type: 'access', tag: 'another' } }),
    anOffering({ external_ref: 'coffee', name: 'Coffee and tea', products: ['p-3'], plans: ['plan'] }),
    aSubscription({ external_ref: 'a', first_invoice_paid: true, started_at: '2026-01-31T12:00:00.123456Z' }),
    aSubscription({ external_ref: 'b' }),
  )

  test('gives them back what they were and held, under the same ids, and removes what it added', async () => {
    await api.import(before)
    const was = await all(api)
    const { id } = await api.import(after, { onConflict: 'update' })
    expect(await all(api)).not.toEqual(was)
    const { meta } = await undone(id)
    expect(meta.undo).toMatchObject({
      removed: counts(1),
      restored: counts(1, 1, 1, 1, 1, 2),
      kept: counts(),
    })
    expect(await all(api)).toEqual(was)
    const { rows } = await service.pool.query(
      'select payment_authority from subscribers where owner_id = $1',
      [await ownerIdOf(service.pool, api)],
    )
    expect(rows).toEqual([{ payment_authority: { type: 'authorize_net', customer_profile_id: 'abc' } }])
  })

  test('of one import after the other, the last one first, leads back to the beginning', async () => {
    const empty = await all(api)
    const first = await api.import(before)
    const states = [await all(api)]
    const imports = [first]
    for (const price of [100, 200, 300]) {
      imports.push(await api.import(`${after}${file(aProductOf(price))}`, { onConflict: 'update' }))
      states.push(await all(api))
    }
    for (const { id } of imports.reverse()) {
      expect(await all(api)).toEqual(states.pop())
      expect((await undone(id)).meta.undo?.kept).toEqual(counts())
    }
    expect(await all(api)).toEqual(empty)
  })

  test('takes back what was imported, undone and imported again, however often', async () => {
    const empty = await all(api)
    const added = await api.import(file(aProductOf(1), aProduct({ external_ref: 'q' })))
    const before = await all(api)
    const changed = await api.import(file(aProductOf(2)), { onConflict: 'update' })
    for (const price of [3, 4, 5]) {
      const again = file(aProductOf(price), aProduct({ external_ref: 'q', name: `Price ${price}` }))
      const { id } = await api.import(again, { onConflict: 'patch' })
      expect((await undone(id)).meta.undo?.restored).toEqual(counts(2))
    }
    expect((await undone(changed.id)).meta.undo?.kept).toEqual(counts())
    expect(await all(api)).toEqual(before)
    expect((await undone(added.id)).meta.undo?.kept).toEqual(counts())
    expect(await all(api)).toEqual(empty)
  })

  test('goes back through all the lines about one record', async () => {
    await api.import(file(aProductOf(1)))
    const was = await all(api)
    const lines =
      times(100, (n) => aProductOf(n % 7 === 0 ? 5 : n)) +
      times(30, (n) => aProductOf(n, { external_ref: 'new' }))
    const { id } = await api.import(lines, { onConflict: 'update' })
    const { meta } = await undone(id)
    expect(meta.undo).toMatchObject({ removed: counts(1), restored: counts(1), kept: counts() })
    expect(await all(api)).toEqual(was)
  })

  test('leaves as it is what was changed between two lines about it', async () => {
    await api.import(file(aProductOf(1), aProduct({ external_ref: 'p-2' })))
    const second = aProductOf(3, { external_ref: 'p-2' })
    const lines = file(aProductOf(2), second, aProductOf(3), aProductOf(4), second)
    const { id } = await api.import(lines, { onConflict: 'update' })
    // As if somebody had come between the first two chunks.
    await service.pool.query(
      `update import_changes
       set seen_at = (seen_at at time zone 'UTC' + (written_at - seen_at) / 2) at time zone 'UTC'
       where import_id = $1 and line_number = 3`,
      [id],
    )
    const was = await all(api)
    const { meta } = await undone(id)
    expect(meta.undo).toMatchObject({ restored: counts(1), kept: counts(1) })
    expect(await kept(id)).toEqual([
      expect.objectContaining({ line_number: 4, external_ref: 'p', reason: 'changed' }),
    ])
    expect(was).not.toEqual(await all(api))
    expect((await api.read(`/subscriptions/products?filter=eq(external_ref,p)`)) as unknown).toEqual([
      expect.objectContaining({ attributes: expect.objectContaining({ description: 'At 4' }) }),
    ])
  })

  test('leaves what was changed or deleted since, and says so once a record', async () => {
    await api.import(file(aProductOf(1), aProduct({ external_ref: 'p-2' }), aPlan({ external_ref: 'plan' })))
    const { id } = await api.import(
      file(
        aProductOf(2),
        aProductOf(3),
        aProduct({ external_ref: 'p-2', name: 'Tea box' }),
        aPlan({ external_ref: 'plan', plan_length: 3 }),
        aSubscriber({ external_ref: 'new' }),
        aSubscriber({ external_ref: 'new', name: 'Another name' }),
        aSubscriber({ external_ref: 'newer' }),
      ),
      { onConflict: 'update' },
    )
    const idOf = async (table: string, ref: string): Promise<string> => {
      const [found] = await api.read<{ id: string }[]>(
        `/subscriptions/${table}?filter=eq(external_ref,${ref})`,
      )
      return found?.id ?? ''
    }
    const [p, p2, subscriber, newer] = await Promise.all([
      idOf('products', 'p'),
      idOf('products', 'p-2'),
      idOf('subscribers', 'new'),
      idOf('subscribers', 'newer'),
    ])
    const change = (path: string, type: string, attributes: object) =>
      api.put(`/subscriptions/${path}`, { data: { type, attributes } })
    await change(`products/${p}`, 'subscription_product', { name: 'Mine' })
    await api.delete(`/subscriptions/products/${p2}`)
    await change(`subscribers/${subscriber}`, 'subscription_subscriber', { name: 'Mine' })
    await api.delete(`/subscriptions/subscribers/${newer}`)
    const { meta } = await undone(id)
    expect(meta.undo).toMatchObject({ removed: counts(), restored: counts(0, 1), kept: counts(2, 0, 1) })
    expect(await kept(id)).toEqual([
      expect.objectContaining({ line_number: 2, id: p, external_ref: 'p', reason: 'changed' }),
      expect.objectContaining({
        line_number: 3,
        id: p2,
        external_ref: 'p-2',
        reason: 'deleted',
        detail: 'The product was deleted after this import had changed it.',
      }),
      expect.objectContaining({ line_number: 5, id: subscriber, external_ref: 'new', reason: 'changed' }),
    ])
    expect((await api.read(`/subscriptions/products/${p}`)).attributes).toMatchObject({ name: 'Mine' })
  })

  test('leaves what an import from before an upgrade changed', async () => {
    await api.import(file(aProductOf(1)))
    const { id } = await api.import(file(aProductOf(2), aProduct()), { onConflict: 'update' })
    await service.pool.query(
      `update import_changes set change = null, before = null, after = null, seen_at = null, written_at = null
       where import_id = $1 and change = 'updated'`,
      [id],
    )
    await service.pool.query("delete from import_changes where import_id = $1 and change = 'created'", [id])
    const { meta } = await undone(id)
    expect(meta.undo).toMatchObject({ removed: counts(1), restored: counts(), kept: counts(1) })
    expect((await kept(id)).map(({ reason }) => reason)).toEqual(['not_recorded'])
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
