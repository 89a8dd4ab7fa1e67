import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import type { RecordResource } from '../../support/api.js'
import {
  anInlineSubscription,
  anOffering,
  aPlan,
  aProduct,
  aState,
  aSubscription,
  file,
} from '../../support/builders.js'
import { expectError } from '../../support/errors.js'
import { newStoreEach, testService } from '../../support/service.js'
import { type AnswerName, expectAsContract } from './contract.js'

const service = testService()
const store = newStoreEach(service)

const LIST = '/subscriptions/subscriptions'
const ACCOUNT = '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f'
const ADDRESS = '6f1c1f3e-2f0b-4c57-9b1e-7d6a5b4c3d2e'

const EUR = { EUR: { amount: 900, includes_tax: true } }

/** An offering in which every attribute has a value. */
const coffee = anOffering({
  external_ref: 'coffee',
  name: 'Coffee, in two sizes',
  description: 'Twelve kinds.',
  products: [
    aProduct({
      external_ref: 'beans',
      description: 'Whole.',
      sku: 'b-250',
      main_image: 'https://example.com/beans.png',
      price: { ...EUR, USD: { amount: 1000 } },
      price_units: { unit: 'month', amount: 1 },
    }).data.attributes,
    aProduct({ name: 'Filters', price: { EUR: { amount: 150 } } }).data.attributes,
  ],
  plans: [
    aPlan({ external_ref: 'monthly', base_price_percentage: 50, trial_period: 1 }).data.attributes,
    aPlan({ external_ref: 'yearly', name: 'Yearly', description: 'All year.', fixed_price: EUR }).data
      .attributes,
  ],
})

const whole = aSubscription({
  external_ref: 'sub-1',
  address_id: ADDRESS,
  payment_authority: { type: 'authorize_net' },
  selected_plan: 'yearly',
  manual_payments: true,
  first_invoice_paid: true,
  started_at: '2024-01-31T12:00:00Z',
  canceled_at: '2024-02-10T12:00:00.5Z',
  paused_at: '2024-02-11T12:00:00Z',
})

async function answered(name: AnswerName, path: string) {
  const { status, body } = await store.get(path)
  expect(status).toBe(200)
  expectAsContract(name, body)
  return body
}

describe('A subscription', () => {
  beforeEach(() => store.add(coffee))

  test('that has everything is answered as the contract has it, by POST and by each GET', async () => {
    const { status, body } = await store.post(LIST, whole)
    expect(status).toBe(201)
    expectAsContract('subscription', body)
    const { data } = body
    expect(data).toMatchObject({
      attributes: {
        account_id: ACCOUNT,
        name: 'A subscriber',
        email: 'subscriber@example.com',
        currency: 'EUR',
        external_ref: 'sub-1',
        address_id: ADDRESS,
        plan_id: data.relationships.plans.data[1].id,
        offering: {
          type: 'subscription_offering',
          attributes: { name: 'Coffee, in two sizes', description: 'Twelve kinds.', external_ref: 'coffee' },
        },
      },
      meta: {
        owner: 'store',
        status: 'inactive',
        canceled: true,
        paused: true,
        closed: false,
        pending: false,
        suspended: false,
        invoice_after: '2024-02-29T12:00:00.000000Z',
        manual_payments: true,
        first_invoice_prepaid: true,
        timestamps: {
          canceled_at: '2024-02-10T12:00:00.500000Z',
          paused_at: '2024-02-11T12:00:00.000000Z',
          end_date: '2024-02-29T12:00:00.000000Z',
        },
      },
    })
    const [offering] = await store.read<RecordResource[]>('/subscriptions/offerings')
    expect(data.attributes.offering.id).toBe(offering?.id)

    expect((await answered('subscription', `${LIST}/${data.id}`)).data).toEqual(data)
    expect((await answered('subscriptions', LIST)).data).toEqual([data])
    expect((await answered('subscription', `/v2${LIST}/${data.id}`)).data.attributes).toEqual(data.attributes)
  })

  test('that has only what is required is active at once', async () => {
    const { body } = await store.post(LIST, anInlineSubscription())
    expectAsContract('subscription', body)
    expect(body.data.meta).toMatchObject({
      status: 'active',
      canceled: false,
      paused: false,
      closed: false,
      pending: false,
      suspended: false,
      manual_payments: false,
      first_invoice_prepaid: false,
    })
    expect(body.data.attributes).not.toHaveProperty('external_ref')
    expect(body.data.attributes).not.toHaveProperty('address_id')
    for (const absent of ['canceled_at', 'paused_at', 'resumed_at', 'end_date', 'go_live_after']) {
      expect(body.data.meta.timestamps).not.toHaveProperty(absent)
    }
  })

  test('that an import adds is the same as one that a POST adds', async () => {
    const lines = [whole, aSubscription({ selected_plan: 'monthly', pending: true }), anInlineSubscription()]
    await store.import(file(...lines))
    const imported = (await answered('subscriptions', LIST)).data
    for (const { id } of imported) expect((await store.delete(`${LIST}/${id}`)).status).toBe(204)
    for (const line of lines) expect((await store.post(LIST, line)).status).toBe(201)
    const posted = (await answered('subscriptions', LIST)).data
    expect(posted.map(withoutOwn)).toEqual(imported.map(withoutOwn))
  })

  test('has products and plans, within `included` and as lists, newest first like those of an offering', async () => {
    const { id, attributes } = await store.add(whole)
    const one = await answered('subscription', `${LIST}/${id}?include=products,plans`)
    const many = await answered('subscriptions', `${LIST}?include=plans, products`)
    expect(many.included).toEqual(one.included)

    const products = await answered('products', `${LIST}/${id}/products`)
    const plans = await answered('plans', `${LIST}/${id}/plans`)
    const byId = (resources: RecordResource[]) => resources.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    expect(byId(products.data)).toEqual(byId(one.included.products))
    expect(byId(plans.data)).toEqual(byId(one.included.plans))

    expect(one.included.products.map(attributesOf)).toEqual(
      (coffee.data.attributes.products as object[]).map((own) => ({ ...own, feature_configurations: {} })),
    )
    expect(one.included.plans.map(attributesOf)).toEqual(coffee.data.attributes.plans)
    expect(one.included.plans.map(({ meta }: { meta: object }) => meta)).toMatchObject([
      { active_plan: null, price: { EUR: { amount: 525 } } },
      { active_plan: true, price: EUR },
    ])
    expect(one.included.plans[1].id).toBe(attributes.plan_id)

    expect((await store.get(`${LIST}/${id}?include=products`)).body.included).not.toHaveProperty('plans')
    expect((await store.get(`${LIST}/${id}?include=offerings`)).status).toBe(400)
    const { body } = await store.get(`${LIST}/${id}/products?page[limit]=1&page[offset]=1`)
    expectAsContract('products', body)
    expect(body.data).toEqual(products.data.slice(1))
  })

  test('has copies of its own: their ids are not those of the offering’s', async () => {
    const { relationships } = await store.add(whole)
    const [offering] = await store.read<RecordResource[]>('/subscriptions/offerings')
    const ids = [relationships, offering?.relationships].flatMap((related) =>
      [related?.products?.data, related?.plans?.data].flatMap((all) => (all ?? []).map(({ id }) => id)),
    )
    expect(new Set(ids).size).toBe(8)
  })

  test('with an offering within has that, with an id of its own', async () => {
    const offering = { name: 'Tea', description: 'Green.', external_ref: 'tea' }
    const first = await store.add(anInlineSubscription({ offering }))
    const second = await store.add(anInlineSubscription({ offering }))
    expect(first.attributes.offering).toMatchObject({ type: 'subscription_offering', attributes: offering })
    expect(first.attributes.offering).not.toEqual(second.attributes.offering)
    const { body } = await store.get('/subscriptions/offerings?filter=eq(external_ref,tea)')
    expect(body.data).toEqual([])
    expect(await store.read<unknown[]>('/subscriptions/products')).toEqual([])
  })

  test('copies all of the products of a large offering, of which it names the first 100 unless all are asked for', async () => {
    const products = Array.from(
      { length: 150 },
      (_, index) => aProduct({ name: `Product ${index}` }).data.attributes,
    )
    const offering = await store.add(anOffering({ external_ref: 'large', products }))
    await store.import(file(aSubscription({ offering_external_ref: 'large', name: 'Imported' })))
    await store.add(aSubscription({ offering_external_ref: undefined, offering_id: offering.id }))
    for (const { id } of await store.read<RecordResource[]>(LIST)) {
      const one = await answered('subscription', `${LIST}/${id}?include=products`)
      expect(namesOf(one.included.products)).toEqual(products.map(({ name }) => name))
      expect(one.data.relationships.products.data).toHaveLength(150)
      const alone = await answered('subscription', `${LIST}/${id}`)
      expect(alone.data.relationships.products.data).toHaveLength(100)
      const { meta } = await answered('products', `${LIST}/${id}/products`)
      expect(meta.results.total).toBe(150)
    }
  })

  test('has states as the contract has them', async () => {
    const { id } = await store.add(aSubscription({ selected_plan: 'yearly' }))
    expect((await answered('states', `${LIST}/${id}/states`)).data).toEqual([])
    const answer = await store.post(`${LIST}/${id}/states`, aState('pause'))
    expect([answer.status, answer.body]).toEqual([204, ''])
    const { data: states } = await answered('states', `${LIST}/${id}/states`)
    expect(states).toHaveLength(1)
    expect((await answered('state', `${LIST}/${id}/states/${states[0].id}`)).data).toEqual(states[0])
    expectError(await store.get(`${LIST}/${id}/states/${randomUUID()}`), 404, 'Not Found', 'No state found')
    expect((await answered('subscription', `${LIST}/${id}`)).data.meta.paused).toBe(true)
  })
})

test.each([
  ['GET', ''],
  ['PUT', ''],
  ['DELETE', ''],
  ['GET', '/products'],
  ['GET', '/plans'],
  ['GET', '/states'],
  ['POST', '/states'],
])('%s of a subscription%s that is not there is 404', async (method, part) => {
  const body = JSON.stringify({
    data: part === '/states' ? aState('pause').data : { type: 'subscription', attributes: {} },
  })
  const init =
    method === 'POST' || method === 'PUT' ? { body, headers: { 'content-type': 'application/json' } } : {}
  const answer = await store.request(`${LIST}/${randomUUID()}${part}`, { method, ...init })
  expectError(answer, 404, 'Not Found', 'No subscription found')
})

test('A POST has the type of its route', async () => {
  const { attributes } = anInlineSubscription().data
  for (const data of [
    { type: 'subscription_offering', attributes },
    { type: 'subscription_offering', ...attributes },
  ]) {
    expect((await store.post(LIST, { data })).status).toBe(400)
  }
})

const namesOf = (resources: readonly RecordResource[]) => resources.map(({ attributes: { name } }) => name)

/** What a resource has besides its times. */
function attributesOf({ attributes: { created_at, updated_at, ...attributes } }: RecordResource) {
  return attributes
}

/** Without what every subscription has of its own: ids, and the times of its creation. */
const withoutOwn = (resource: object): unknown =>
  JSON.parse(
    JSON.stringify(resource, (key, value) =>
      ['id', 'plan_id', 'related', 'created_at', 'updated_at', 'go_live', 'invoice_after'].includes(key)
        ? undefined
        : value,
    ),
  )
