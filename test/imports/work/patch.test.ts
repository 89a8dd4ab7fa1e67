import { describe, expect, test } from 'vitest'
import {
  anOffering,
  aPlan,
  aProduct,
  aSubscription,
  counts,
  file,
  type RecordLine,
  times,
} from '../../support/builders.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const api = newStoreEach(service)

const patch = { onConflict: 'patch' } as const

/** A line with only these attributes. */
const line = (type: string, attributes: object): RecordLine => ({
  data: { type, attributes: { ...attributes } },
})
const product = (attributes: object) => line('subscription_product', attributes)
const subscription = (attributes: object) => line('subscription', attributes)

const first = async (table: string, query = '') => {
  const { body } = await api.get(`/subscriptions/${table}${query}`)
  return { attributes: body.data[0].attributes, included: body.included }
}

const problems = async (id: string) =>
  (await api.errors(id)).map(({ line, field, error }) => [line, field, error])

describe('A patch of an existing record', () => {
  const price = { EUR: { amount: 1 }, USD: { amount: 2, includes_tax: true } }

  test('changes what the line gives, and nothing else', async () => {
    await api.import(file(aProduct({ external_ref: 'a', name: 'Before', sku: 'S', price })))
    const { attributes, meta } = await api.import(file(product({ external_ref: 'a', name: 'After' })), patch)
    expect(attributes.status).toBe('success')
    expect(meta).toMatchObject({ on_conflict: 'patch', errors: 0 })
    expect(meta.records).toMatchObject({ imported: counts(1), updated: counts(1), unchanged: counts() })
    expect((await first('products')).attributes).toMatchObject({ name: 'After', sku: 'S', price })
  })

  test('clears with null, and merges maps of prices as a PUT does', async () => {
    await api.import(file(aProduct({ external_ref: 'a', sku: 'S', description: 'D', price })))
    const changes = { sku: null, price: { EUR: null, USD: { amount: 3 }, JPY: { amount: 4 } } }
    await api.import(file(product({ external_ref: 'a', ...changes })), patch)
    const { attributes } = await first('products')
    expect(attributes).toMatchObject({
      description: 'D',
      price: { USD: { amount: 3, includes_tax: true }, JPY: { amount: 4 } },
    })
    expect(attributes).not.toHaveProperty('sku')
    expect(attributes.price).not.toHaveProperty('EUR')
  })

  test('that gives what is there already leaves it alone', async () => {
    await api.import(file(aProduct({ external_ref: 'a', price })))
    const before = await first('products')
    const { meta } = await api.import(
      file(product({ external_ref: 'a', price: { EUR: price.EUR } }), product({ external_ref: 'a' })),
      patch,
    )
    expect(meta.records).toMatchObject({ unchanged: counts(2) })
    expect(await first('products')).toEqual(before)
  })

  test('is judged together with what the record has', async () => {
    await api.import(file(aProduct({ external_ref: 'a' })))
    const { id } = await api.import(
      file(
        product({ external_ref: 'a', name: 'ab' }),
        product({ external_ref: 'a', name: null }),
        product({ external_ref: 'b' }),
        product({ name: 'Without a reference' }),
        product({}),
      ),
      patch,
    )
    expect(await problems(id)).toEqual([
      [1, 'name', 'name must be at least 3 characters'],
      [2, 'name', 'name must be a text, not null'],
      [3, 'name', '"name" is required'],
      [5, 'name', '"name" is required'],
    ])
  })

  test('that an earlier line has added or changed finds what that one has left', async () => {
    const { id, meta } = await api.import(
      file(
        aProduct({ external_ref: 'a', name: 'First', sku: 'S' }),
        product({ external_ref: 'a', name: 'Second' }),
        product({ external_ref: 'a', sku: null }),
        product({ external_ref: 'a', description: 'D' }),
      ),
      patch,
    )
    expect(await problems(id)).toEqual([])
    expect(meta.records).toMatchObject({ imported: counts(4), updated: counts(3) })
    const { attributes } = await first('products')
    expect(attributes).toMatchObject({ name: 'Second', description: 'D' })
    expect(attributes).not.toHaveProperty('sku')
  })

  test('is done in slices, however many records there are', async () => {
    await api.import(
      times(2500, (index) => aProduct({ external_ref: `p-${index}`, description: `D ${index}` })),
    )
    const { meta } = await api.import(
      times(2500, (index) => product({ external_ref: `p-${index}`, name: `Name ${index}` })),
      patch,
    )
    expect(meta.records).toMatchObject({ updated: counts(2500) })
    const { rows } = await service.pool.query(
      `select count(*) from products where name = 'Name ' || substr(external_ref, 3) and description = 'D ' || substr(external_ref, 3)
       and owner_id = (select owner_id from imports where id = $1)`,
      [(await api.get('/subscriptions/imports')).body.data[0].id],
    )
    expect(Number(rows[0].count)).toBe(2500)
  })
})

test('A patch of an offering replaces the lists that it gives', async () => {
  await api.import(
    file(
      aProduct({ external_ref: 'p' }),
      aProduct({ external_ref: 'r' }),
      aPlan({ external_ref: 'q' }),
      anOffering({ external_ref: 'o', products: ['p'], plans: ['q'] }),
    ),
  )
  const query = '?include=products,plans'
  const before = await first('offerings', query)
  const offering = (attributes: object) => line('subscription_offering', { external_ref: 'o', ...attributes })
  const named = await api.import(file(offering({ name: 'Renamed' })), patch)
  expect(named.meta.records).toMatchObject({ updated: counts(0, 0, 0, 1) })
  expect((await first('offerings', query)).included).toEqual(before.included)
  await api.import(file(offering({ products: ['r'] })), patch)
  const after = await first('offerings', query)
  expect(after.attributes.name).toBe('Renamed')
  expect(after.included.plans).toEqual(before.included.plans)
  expect(after.included.products.map((one: { attributes: object }) => one.attributes)).toMatchObject([
    { external_ref: 'r' },
  ])
  const { id } = await api.import(
    file(offering({ products: null }), offering({ plans: [] }), offering({ plans: ['nowhere'] })),
    patch,
  )
  expect(await problems(id)).toEqual([
    [1, 'products', 'products must be a list'],
    [2, 'plans', 'plans must name at least one plan'],
    [3, 'plans[0]', 'plan "nowhere" was not found'],
  ])
})

describe('A patch of a subscription', () => {
  const plans = [
    aPlan({ external_ref: 'q', fixed_price: { EUR: { amount: 1 } } }).data.attributes,
    aPlan({
      external_ref: 'r',
      plan_length: 9,
      trial_period: 2,
      fixed_price: { EUR: { amount: 1 }, USD: { amount: 2 } },
    }).data.attributes,
  ]
  const importBoth = () =>
    api.import(
      file(
        anOffering({ external_ref: 'o', products: [aProduct().data.attributes], plans }),
        anOffering({
          external_ref: 'other',
          name: 'Other',
          plans: [aPlan({ external_ref: 'x' }).data.attributes],
        }),
        aSubscription({ external_ref: 's', offering_external_ref: 'o', selected_plan: 'q' }),
      ),
    )
  const read = () => first('subscriptions', '?include=products,plans')
  const ids = async () =>
    Object.values((await read()).included as Record<string, { id: string }[]>).flatMap((all) =>
      all.map(({ id }) => id),
    )

  test('keeps what it holds', async () => {
    await importBoth()
    const held = await ids()
    const { id } = await api.import(file(subscription({ external_ref: 's', name: 'Renamed' })), patch)
    expect(await problems(id)).toEqual([])
    expect((await read()).attributes).toMatchObject({ name: 'Renamed', currency: 'EUR' })
    expect(await ids()).toEqual(held)
  })

  test('selects another plan of what it holds, by reference or id', async () => {
    await importBoth()
    const held = await ids()
    const { included } = await read()
    await api.import(file(subscription({ external_ref: 's', selected_plan: 'r', currency: 'USD' })), patch)
    expect((await read()).attributes).toMatchObject({ plan_id: included.plans[1].id, currency: 'USD' })
    const { rows } = await service.pool.query(
      'select plan_length, plan_trial from subscriptions where id = $1',
      [(await api.get('/subscriptions/subscriptions')).body.data[0].id],
    )
    expect(rows).toMatchObject([{ plan_length: 9, plan_trial: 2 }])
    await api.import(
      file(subscription({ external_ref: 's', plan_id: included.plans[0].id, currency: 'EUR' })),
      patch,
    )
    expect((await read()).attributes).toMatchObject({ plan_id: included.plans[0].id, currency: 'EUR' })
    const again = await service.pool.query('select plan_trial from subscriptions where id = $1', [
      (await api.get('/subscriptions/subscriptions')).body.data[0].id,
    ])
    expect(again.rows).toMatchObject([{ plan_trial: null }])
    expect(await ids()).toEqual(held)
  })

  test('takes another offering', async () => {
    await importBoth()
    const { id } = await api.import(
      file(subscription({ external_ref: 's', offering_external_ref: 'other' })),
      patch,
    )
    expect(await problems(id)).toEqual([])
    const { attributes, included } = await read()
    expect(attributes.offering.attributes.name).toBe('Other')
    expect(included.plans.map((one: { attributes: object }) => one.attributes)).toMatchObject([
      { external_ref: 'x' },
    ])
  })

  test('is rejected where it does not fit what the subscription has', async () => {
    await importBoth()
    const s = (attributes: object) => subscription({ external_ref: 's', ...attributes })
    const { id } = await api.import(
      file(
        s({ currency: 'USD' }),
        s({ selected_plan: 'nowhere' }),
        s({ go_live_after: '2030-01-01T00:00:00Z' }),
        s({ products: [aProduct().data.attributes] }),
        s({ offering_external_ref: 'nowhere' }),
        s({ paused_at: '2999-01-01T00:00:00Z' }),
        s({ plan_id: 'x' }),
        s({ selected_plan: 'q', plan_id: '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f' }),
      ),
      patch,
    )
    expect(await problems(id)).toEqual([
      [1, 'currency', 'the selected plan has no price in USD'],
      [2, 'selected_plan', 'plan "nowhere" is not one of the offering\'s plans'],
      [3, 'go_live_after', 'go_live_after may only be given with "pending": true'],
      [4, 'products', 'products may only be given with offering'],
      [5, 'offering_external_ref', 'offering "nowhere" was not found'],
      [6, 'paused_at', 'paused_at must not be in the future'],
      [7, 'plan_id', 'plan_id must be a UUID'],
      [8, 'selected_plan', 'only one of plan_id and selected_plan may be given'],
    ])
  })
})
