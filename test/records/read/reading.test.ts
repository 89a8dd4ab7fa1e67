import { beforeAll, describe, expect, test } from 'vitest'
import type { Api, RecordResource } from '../../support/api.js'
import { anOffering, aPlan, aProduct, aSubscriber, file, type RecordLine } from '../../support/builders.js'
import { testService } from '../../support/service.js'

const service = testService()

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const ODD = ' \t"\'\\%_*\r\n ☕😀 e\u{301} é \u{1}\u{feff} ﬀ '

const price = { USD: { amount: 4750, includes_tax: true }, EUR: { amount: 0 }, JPY: { amount: -1 } }

const wholeProduct = {
  external_ref: 'whole',
  name: 'Coffee box',
  description: 'Twelve kinds.',
  sku: 'box-12',
  main_image: 'https://example.com/box.png?size=1#top',
  price,
  price_units: { unit: 'month', amount: 3 },
}

const wholePlan = {
  external_ref: 'whole',
  name: 'Yearly',
  description: 'A year at a time.',
  billing_interval_type: 'year',
  billing_frequency: 1,
  plan_length: Number.MAX_SAFE_INTEGER,
  trial_period: 0,
  end_behavior: 'close',
  can_pause: false,
  can_resume: true,
  can_cancel: false,
  base_price_percentage: 12.5,
  fixed_price: price,
}

const wholeSubscriber = {
  external_ref: 'whole',
  account_id: '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f',
  name: 'A subscriber',
  email: 'subscriber+box@example.com',
}

/** What a record shows: its attributes, its times, and its owner. */
const read = (type: string, attributes: Readonly<Record<string, unknown>>) => {
  const timestamps = { created_at: expect.stringMatching(TIME), updated_at: expect.stringMatching(TIME) }
  return {
    id: expect.stringMatching(UUID),
    type,
    attributes: { ...attributes, ...timestamps },
    meta: { owner: 'store', timestamps },
  }
}

describe('A record is read as its line has it', () => {
  test.each<[string, string, RecordLine]>([
    ['products', 'with every attribute', aProduct(wholeProduct)],
    ['products', 'with the required ones alone', aProduct()],
    ['products', 'with odd texts', aProduct({ name: ODD, external_ref: ODD, description: ODD, sku: ODD })],
    ['products', 'with empty texts', aProduct({ description: '', sku: '', price: {} })],
    ['products', 'with long texts', aProduct({ name: '😀'.repeat(1024), external_ref: '😀'.repeat(2048) })],
    ['plans', 'with every attribute', aPlan(wholePlan)],
    ['plans', 'with the required ones alone', aPlan()],
    ['plans', 'with odd texts', aPlan({ name: ODD, external_ref: ODD, description: ODD })],
    ['subscribers', 'with every attribute', aSubscriber(wholeSubscriber)],
    ['subscribers', 'with the required ones alone', aSubscriber()],
    ['subscribers', 'with odd texts', aSubscriber({ name: ODD, external_ref: ODD })],
  ])('%s, %s: alone and in the list, under both prefixes', async (list, _, line) => {
    const store = await service.addStore()
    await store.import(file(line))
    const expected = read(line.data.type, line.data.attributes)
    for (const prefix of ['/subscriptions', '/v2/subscriptions']) {
      const { status, body } = await store.get(`${prefix}/${list}`)
      expect(status).toBe(200)
      expect(body.data).toEqual([expected])
      const one = await store.get(`${prefix}/${list}/${body.data[0].id}`)
      expect(one.status).toBe(200)
      expect(one.body).toEqual({ data: body.data[0] })
    }
  })

  test('an attribute that is absent or null, or unknown to its type, is absent', async () => {
    const store = await service.addStore()
    await store.import(file(aProduct({ description: null, sku: undefined, status: 'active' })))
    expect((await store.get('/subscriptions/products')).body.data).toEqual([
      read('subscription_product', { name: 'Coffee box' }),
    ])
  })
})

describe('An offering', () => {
  let store: Api
  let offering: { id: string; [key: string]: unknown }
  let products: { id: string }[]
  let plans: { id: string }[]

  beforeAll(async () => {
    store = await service.addStore()
    await store.import(
      file(
        anOffering({
          external_ref: 'offering',
          description: 'All of it.',
          products: ['whole', { name: 'Made within' }, { name: 'Another', external_ref: 'inner' }],
          plans: [{ ...wholePlan, external_ref: 'inner-plan' }, 'whole'],
        }),
        aProduct(wholeProduct),
        aPlan(wholePlan),
        anOffering({ name: 'Older', products: ['whole'], plans: ['whole'] }),
      ),
    )
    const { body } = await store.get('/subscriptions/offerings?filter=eq(external_ref,offering)')
    offering = body.data[0]
    products = (await store.get(`/subscriptions/offerings/${offering.id}/products`)).body.data
    plans = (await store.get(`/subscriptions/offerings/${offering.id}/plans`)).body.data
  })

  test('has relationships and meta.external_product_refs', () => {
    const expected = read('subscription_offering', {
      external_ref: 'offering',
      name: 'Coffee, monthly',
      description: 'All of it.',
    })
    expect(offering).toEqual({
      ...expected,
      meta: { ...expected.meta, external_product_refs: ['whole', 'inner'] },
      relationships: {
        products: {
          data: products.map(({ id }) => ({ id, type: 'subscription_offering_product' })).reverse(),
          links: { related: `/subscriptions/offerings/${offering.id}/products` },
        },
        features: { data: [], links: { related: `/subscriptions/offerings/${offering.id}/features` } },
        plans: {
          data: plans.map(({ id }) => ({ id, type: 'subscription_offering_plan' })).reverse(),
          links: { related: `/subscriptions/offerings/${offering.id}/plans` },
        },
      },
    })
  })

  test.each([
    [
      'sums of each currency that all products have',
      [{ USD: 10, EUR: 1 }, { USD: -3 }],
      { USD: { amount: 7 } },
    ],
    ['no price where one product has none', [{ USD: 10 }, undefined], undefined],
    [
      'sums beyond what a double holds, if they are less in the end',
      [{ USD: 2 ** 53 - 1 }, { USD: 2 ** 53 - 1 }, { USD: -(2 ** 53 - 1) }],
      { USD: { amount: 2 ** 53 - 1 } },
    ],
  ])('gives its plans %s', async (_, prices, expected) => {
    const products = prices.map((price) => ({
      name: 'A product',
      ...(price && {
        price: Object.fromEntries(Object.entries(price).map(([currency, amount]) => [currency, { amount }])),
      }),
    }))
    const { id } = await store.add(anOffering({ products }))
    const [plan] = await store.read<RecordResource[]>(`/subscriptions/offerings/${id}/plans`)
    expect(plan?.meta.price).toEqual(expected)
    const { body } = await store.get(`/subscriptions/offerings/${id}?include=plans`)
    expect(body.included.plans).toEqual([plan])
    await store.delete(`/subscriptions/offerings/${id}`)
  })

  test('shows whether its plans include tax if all products agree', async () => {
    const usd = (includes_tax?: boolean) => ({
      name: 'A product',
      price: { USD: { amount: 1, includes_tax } },
    })
    for (const [products, tax] of [
      [[usd(true), usd(true)], true],
      [[usd(false), usd(false)], false],
      [[usd(true), usd(false)], undefined],
      [[usd(true), usd()], undefined],
    ] as const) {
      const { id } = await store.add(anOffering({ products }))
      const [plan] = await store.read<RecordResource[]>(`/subscriptions/offerings/${id}/plans`)
      expect(plan?.meta.price).toEqual({
        USD: { amount: 2, ...(tax !== undefined && { includes_tax: tax }) },
      })
      await store.delete(`/subscriptions/offerings/${id}`)
    }
  })

  test('holds snapshots: copies of products and plans, with ids of their own', async () => {
    expect(products).toHaveLength(3)
    expect(products.toReversed()).toEqual(
      [wholeProduct, { name: 'Made within' }, { name: 'Another', external_ref: 'inner' }].map((attributes) =>
        read('subscription_offering_product', { ...attributes, feature_configurations: {} }),
      ),
    )
    expect(plans).toHaveLength(2)
    expect(plans.toReversed()).toMatchObject([
      read('subscription_offering_plan', { ...wholePlan, external_ref: 'inner-plan' }),
      read('subscription_offering_plan', wholePlan),
    ])
    const original = (await store.get('/subscriptions/products')).body.data
    expect(original).toHaveLength(1)
    expect(products.map(({ id }) => id)).not.toContain(original[0].id)
    expect((await store.get(`/subscriptions/products/${products[0]?.id}`)).status).toBe(404)
  })

  test.each([
    '',
    '?include=products',
    '?include=plans',
    '?include=products,plans',
    '?include=plans,products',
    '?include=products, plans',
    '?include=%20plans%20,',
  ])('with%s: included has what was asked for, and only that', async (query) => {
    const { body } = await store.get(`/subscriptions/offerings/${offering.id}${query}`)
    expect(body.data).toEqual(offering)
    if (query === '') {
      expect(Object.keys(body)).toEqual(['data'])
    } else {
      expect(body.included).toEqual({
        ...(query.includes('products') && { products: products.toReversed() }),
        ...(query.includes('plans') && { plans: plans.toReversed() }),
      })
    }
  })

  test('in a list, included has the snapshots of exactly the offerings on the page', async () => {
    const path = '/subscriptions/offerings?include=products,plans'
    const both = (await store.get(path)).body
    expect(both.data.map((one: { id: string }) => one.id)).toContain(offering.id)
    expect(both.included.products).toHaveLength(4)
    expect(both.included.plans).toHaveLength(3)
    const pages = await store.pages(`${path}&page[limit]=1`)
    for (const { data, included } of pages) {
      for (const reference of ['products', 'plans'] as const) {
        const related = data[0].relationships[reference].data
        expect(
          included[reference].map(({ id, type }: { id: string; type: string }) => ({ id, type })),
        ).toEqual(related)
      }
    }
  })

  test.each(['products', 'plans'])('lists its %s, newest first, paged', async (reference) => {
    const path = `/subscriptions/offerings/${offering.id}/${reference}`
    const all = reference === 'products' ? products : plans
    const pages = await store.pages(`${path}?page[limit]=1`)
    expect(pages.flatMap(({ data }) => data)).toEqual(all)
    expect(pages.map(({ meta }) => meta.results.total)).toEqual(all.map(() => all.length))
    expect((await store.get(`/v2${path}`)).body.data).toEqual(all)
    for (const wrong of ['page[limit]=101', 'page[offset]=10001']) {
      expect((await store.get(`${path}?${wrong}`)).status).toBe(400)
    }
  })

  test('leads to its snapshots by links.related, under the requested prefix', async () => {
    for (const prefix of ['/subscriptions', '/v2/subscriptions']) {
      const { body } = await store.get(`${prefix}/offerings/${offering.id}`)
      const { related } = body.data.relationships.products.links
      expect(new URL(related, store.url).pathname).toBe(`${prefix}/offerings/${offering.id}/products`)
      expect((await store.get(related)).body.data).toEqual(products)
    }
  })
})
