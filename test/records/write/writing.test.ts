import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { type Api, listOf, type RecordResource } from '../../support/api.js'
import {
  anOffering,
  anOfferingAlone,
  aPlan,
  aProduct,
  aSubscriber,
  file,
  type RecordLine,
} from '../../support/builders.js'
import { expectError, expectErrors } from '../../support/errors.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const store = newStoreEach(service)

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

const price = { USD: { amount: 4750, includes_tax: true }, EUR: { amount: 0 } }

interface Case {
  readonly list: string
  readonly noun: string
  readonly type: string
  readonly build: (attributes?: Readonly<Record<string, unknown>>) => RecordLine
  /** Every attribute, and new values for it. */
  readonly whole: Readonly<Record<string, unknown>>
  readonly changed: Readonly<Record<string, unknown>>
  /** The ones that can be cleared. */
  readonly optional: readonly string[]
}

const cases: readonly Case[] = [
  {
    list: '/subscriptions/products',
    noun: 'product',
    type: 'subscription_product',
    build: aProduct,
    whole: {
      external_ref: 'ref',
      name: 'Coffee box ☕',
      description: '',
      sku: 'box-12',
      main_image: 'https://example.com/box.png',
      price,
      price_units: { unit: 'month', amount: 3 },
    },
    changed: {
      external_ref: 'other ref',
      name: '茶の箱',
      description: ' A\u{1}text ',
      sku: '',
      main_image: 'urn:isbn:0451450523',
      // A map of prices is merged: currencies that are not named would stay.
      price: { ...price, GBP: { amount: -1 } },
      price_units: { unit: 'day', amount: Number.MAX_SAFE_INTEGER },
    },
    optional: ['external_ref', 'description', 'sku', 'main_image', 'price', 'price_units'],
  },
  {
    list: '/subscriptions/plans',
    noun: 'plan',
    type: 'subscription_plan',
    build: aPlan,
    whole: {
      external_ref: 'ref',
      name: 'Yearly',
      description: 'A year at a time.',
      billing_interval_type: 'year',
      billing_frequency: 1,
      plan_length: 2,
      trial_period: 0,
      end_behavior: 'close',
      can_pause: false,
      can_resume: true,
      can_cancel: false,
      base_price_percentage: 12.5,
      fixed_price: price,
    },
    changed: {
      external_ref: 'other ref',
      name: 'Weekly',
      description: '',
      billing_interval_type: 'week',
      billing_frequency: 7,
      plan_length: 1,
      trial_period: 9,
      end_behavior: 'roll',
      can_pause: true,
      can_resume: false,
      can_cancel: true,
      base_price_percentage: 0,
      fixed_price: { ...price, EUR: { amount: 1 } },
    },
    optional: ['external_ref', 'description', 'trial_period', 'base_price_percentage', 'fixed_price'],
  },
  {
    list: '/subscriptions/subscribers',
    noun: 'subscriber',
    type: 'subscription_subscriber',
    build: aSubscriber,
    whole: {
      external_ref: 'ref',
      account_id: '0b2a5d0e-8a5c-4d4e-9d5e-3a1b2c3d4e5f',
      name: 'A subscriber',
      email: 'subscriber@example.com',
    },
    changed: {
      external_ref: 'other ref',
      account_id: '00000000-0000-0000-0000-000000000000',
      name: 'Another name',
      email: 'other+box@example.com',
    },
    optional: ['external_ref'],
  },
  {
    list: '/subscriptions/offerings',
    noun: 'offering',
    type: 'subscription_offering',
    build: anOfferingAlone,
    whole: { external_ref: 'ref', name: 'Coffee, monthly', description: 'All of it.' },
    changed: { external_ref: 'other ref', name: 'Tea, weekly', description: '' },
    optional: ['external_ref', 'description'],
  },
]

/** A body that changes a record. */
const changes = (type: string, attributes: unknown) => ({ data: { type, attributes } })

/** What a record has besides its times. */
function attributesOf({ attributes: { created_at, updated_at, ...attributes } }: RecordResource) {
  return attributes
}

async function totalOf(api: Api, list: string): Promise<number> {
  const { body } = await api.get(list)
  expect(body.data).toHaveLength(body.meta.results.total)
  return body.meta.results.total
}

/** The page of snapshots, oldest first: in the order in which they were given. */
const snapshotsOf = async (api: Api, { id }: { id: string }, list: 'products' | 'plans') =>
  (await api.read<RecordResource[]>(`/subscriptions/offerings/${id}/${list}`)).toReversed()

const namesOf = (records: readonly RecordResource[]) => records.map(({ attributes }) => attributes.name)

describe.each(cases)('$list', ({ list, noun, type, build, whole, changed, optional }) => {
  const change = (id: string, attributes: unknown) => store.put(`${list}/${id}`, changes(type, attributes))

  describe('POST', () => {
    test.each(['', '/v2'])('adds a record and says where it is, under "%s"', async (prefix) => {
      const { status, headers, body } = await store.post(`${prefix}${list}`, build(whole))
      expect(status).toBe(201)
      const timestamps = { created_at: expect.stringMatching(TIME), updated_at: expect.stringMatching(TIME) }
      expect(body.data).toMatchObject({
        id: expect.stringMatching(UUID),
        type,
        attributes: timestamps,
        meta: { owner: 'store', timestamps },
      })
      expect(attributesOf(body.data)).toEqual(whole)
      const { created_at, updated_at } = body.data.attributes
      expect(body.data.meta.timestamps).toEqual({ created_at, updated_at })
      expect(updated_at).toBe(created_at)
      expect(headers.get('location')).toBe(`${prefix}${list}/${body.data.id}`)
      expect((await store.get(headers.get('location') ?? '')).body).toEqual(body)
      expect((await store.get(`${prefix}${list}`)).body.data).toEqual([body.data])
    })

    test('adds what an import adds', async () => {
      const importer = await service.addStore()
      await importer.import(file(type === 'subscription_offering' ? anOffering(whole) : build(whole)))
      const [imported] = await importer.read<RecordResource[]>(list)
      expect(imported).toBeDefined()
      if (imported) expect(attributesOf(await store.add(build(whole)))).toEqual(attributesOf(imported))
    })

    test('leaves out what is absent, null or unknown', async () => {
      const absent = Object.fromEntries(optional.map((attribute) => [attribute, null]))
      const added = await store.add(build({ ...absent, status: 'active', id: 'mine' }))
      expect(attributesOf(added)).toEqual(build().data.attributes)
    })

    test('generates the id itself', async () => {
      const id = randomUUID()
      const { status, body } = await store.post(list, { data: { ...build().data, id } })
      expect(status).toBe(201)
      expect(body.data.id).not.toBe(id)
    })

    test.each<[string, unknown, string[]]>([
      ['no type', { attributes: build().data.attributes }, ['data.type: "type" is required']],
      ['another type', { ...build().data, type: 'subscription' }, [`data.type: type must be ${type}`]],
      ['a type of null', { ...build().data, type: null }, [`data.type: type must be ${type}`]],
      ['no attributes', { type }, ['data.attributes: "attributes" is required']],
      ['attributes of null', { type, attributes: null }, ['data.attributes: attributes must be an object']],
      ['attributes in a list', { type, attributes: [] }, ['data.attributes: attributes must be an object']],
      [
        'several problems, of which it names every one',
        { type: 'x', attributes: { ...build().data.attributes, name: 'ab', external_ref: 5 } },
        [
          `data.type: type must be ${type}`,
          'data.attributes.name: name must be at least 3 characters',
          'data.attributes.external_ref: external_ref must be a text, in quotes',
        ],
      ],
    ])('refuses %s', async (_, data, details) => {
      const answer = await store.post(list, { data })
      expect(answer.status).toBe(400)
      const meta = { code: expect.any(String) }
      const entries = details.map((detail) => ({ status: '400', title: 'Validation Error', detail, meta }))
      expect(answer.body.errors).toHaveLength(entries.length)
      expect(answer.body.errors).toEqual(expect.arrayContaining(entries))
      expect(await totalOf(store, list)).toBe(0)
    })

    test.each([
      ['no data', '{}', 'Validation Error', /^data: "data" is required$/],
      ['data of null', '{"data":null}', 'Validation Error', /^data: /],
      ['a list', '[]', 'Validation Error', /./],
      ['a text', '"data"', 'Validation Error', /./],
      ['nothing', '', 'Validation Error', /./],
      ['no JSON', '{"data":', 'Bad Request', /JSON/],
    ])('refuses a body that is %s', async (_, body, title, detail) => {
      expectError(await store.post(list, body), 400, title, detail)
    })

    test('refuses a body that is not UTF-8', async () => {
      const answer = await store.request(list, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify(build({ name: 'Café' })), 'latin1'),
      })
      expectError(answer, 400, 'Bad Request', /UTF-8/)
    })

    test('refuses an external_ref that is taken, and names who has it', async () => {
      const holder = await store.add(build({ external_ref: 'taken' }))
      const answer = await store.post(list, build({ external_ref: 'taken' }))
      expectErrors(answer, 409, [
        { title: 'Write Conflict', detail: /external_ref/, meta: { id: holder.id } },
      ])
      expect(await totalOf(store, list)).toBe(1)
    })

    test('accepts an external_ref that another owner has, or a deleted record had', async () => {
      const other = await service.addStore()
      await other.add(build({ external_ref: 'taken' }))
      const { id } = await store.add(build({ external_ref: 'taken' }))
      await store.delete(`${list}/${id}`)
      await store.add(build({ external_ref: 'taken' }))
    })
  })

  describe('PUT', () => {
    test.each(Object.keys(whole))('changes %s and nothing else', async (attribute) => {
      const before = await store.add(build(whole))
      const { status, body } = await change(before.id, { [attribute]: changed[attribute] })
      expect(status).toBe(200)
      expect(attributesOf(body.data)).toEqual({ ...whole, [attribute]: changed[attribute] })
      expect(body.data.attributes.created_at).toBe(before.attributes.created_at)
      expect(body.data.meta.timestamps.updated_at).toBe(body.data.attributes.updated_at)
      expect(body.data.meta.timestamps.updated_at > before.meta.timestamps.updated_at).toBe(true)
      expect(await store.read(`${list}/${before.id}`)).toEqual(body.data)
    })

    test('changes several attributes at once, also under /v2', async () => {
      const { id } = await store.add(build(whole))
      const { body } = await store.put(`/v2${list}/${id}`, changes(type, changed))
      expect(attributesOf(body.data)).toEqual(changed)
    })

    test.each(optional)('clears %s by null', async (attribute) => {
      const { id } = await store.add(build(whole))
      const { [attribute]: _, ...rest } = whole
      for (let time = 0; time < 2; time += 1) {
        const { status, body } = await change(id, { [attribute]: null })
        expect(status).toBe(200)
        expect(attributesOf(body.data)).toEqual(rest)
      }
      expect(attributesOf(await store.read(`${list}/${id}`))).toEqual(rest)
    })

    const needed = Object.keys(whole).filter((attribute) => !optional.includes(attribute))
    test.each(needed)('does not clear %s, which is required', async (attribute) => {
      const before = await store.add(build(whole))
      expectError(
        await change(before.id, { [attribute]: null }),
        400,
        'Validation Error',
        new RegExp(`^data\\.attributes\\.${attribute}: ${attribute} must be `),
      )
      expect(await store.read(`${list}/${before.id}`)).toEqual(before)
    })

    test.each([{}, undefined, { status: 'active' }])(
      'with the attributes %j changes nothing, updated_at included',
      async (attributes) => {
        const before = await store.add(build(whole))
        const { status, body } = await change(before.id, attributes)
        expect(status).toBe(200)
        expect(body.data).toEqual(before)
        expect(await store.read(`${list}/${before.id}`)).toEqual(before)
      },
    )

    test('accepts the record as it was read', async () => {
      const before = await store.add(build(whole))
      const { status, body } = await store.put(`${list}/${before.id}`, { data: before })
      expect(status).toBe(200)
      expect(attributesOf(body.data)).toEqual(whole)
      expect(body.data.attributes.created_at).toBe(before.attributes.created_at)
    })

    test("accepts the path's id in the body, and no other", async () => {
      const { id } = await store.add(build(whole))
      const put = (bodyId: unknown) =>
        store.put(`${list}/${id}`, { data: { type, id: bodyId, attributes: { name: 'Changed' } } })
      for (const other of [randomUUID(), '', 5, null]) {
        expectError(await put(other), 400, 'Validation Error', /^data\.id: id must be that of the path/)
      }
      expect(attributesOf(await store.read(`${list}/${id}`))).toEqual(whole)
      expect((await put(id)).status).toBe(200)
      expect((await put(id.toUpperCase())).status).toBe(200)
    })

    test.each<[string, unknown, RegExp]>([
      ['no type', { attributes: {} }, /^data\.type: "type" is required$/],
      ['another type', { type: 'subscription', attributes: {} }, /^data\.type: type must be /],
      ['attributes of null', { type, attributes: null }, /^data\.attributes: attributes must be an object$/],
      ['a list of attributes', { type, attributes: [] }, /^data\.attributes: attributes must be an object$/],
      [
        'a wrong attribute',
        { type, attributes: { name: 'ab' } },
        /^data\.attributes\.name: name must be at /,
      ],
    ])('refuses %s', async (_, data, detail) => {
      const before = await store.add(build(whole))
      expectError(await store.put(`${list}/${before.id}`, { data }), 400, 'Validation Error', detail)
      expect(await store.read(`${list}/${before.id}`)).toEqual(before)
    })

    test('refuses an external_ref that is taken, and names who has it', async () => {
      const holder = await store.add(build({ external_ref: 'taken' }))
      const before = await store.add(build({ external_ref: 'free' }))
      const answer = await change(before.id, { external_ref: 'taken', name: 'Changed' })
      expectErrors(answer, 409, [
        { title: 'Write Conflict', detail: /external_ref/, meta: { id: holder.id } },
      ])
      expect(await store.read(`${list}/${before.id}`)).toEqual(before)
      expect((await change(holder.id, { external_ref: 'taken' })).status).toBe(200)
    })

    test('frees the external_ref that it changes', async () => {
      const { id } = await store.add(build({ external_ref: 'old' }))
      await change(id, { external_ref: 'new' })
      expect((await store.add(build({ external_ref: 'old' }))).id).not.toBe(id)
      expect((await store.post(list, build({ external_ref: 'new' }))).status).toBe(409)
    })

    test('finds a changed record by its new values', async () => {
      const { id } = await store.add(build({ external_ref: 'old' }))
      await change(id, { external_ref: 'new' })
      const found = (ref: string) => store.read<RecordResource[]>(`${list}?filter=eq(external_ref,${ref})`)
      expect(await found('old')).toEqual([])
      expect((await found('new')).map((record) => record.id)).toEqual([id])
    })
  })

  describe('DELETE', () => {
    test('answers 204 without a body, and the record is gone', async () => {
      const { id } = await store.add(build(whole))
      const { status, headers, body } = await store.delete(`${list}/${id}`)
      expect({ status, body }).toEqual({ status: 204, body: '' })
      expect(headers.get('content-type')).toBeNull()
      for (const answer of [
        await store.get(`${list}/${id}`),
        await change(id, { name: 'Changed' }),
        await store.delete(`${list}/${id}`),
      ]) {
        expectError(answer, 404, 'Not Found', `No ${noun} found`)
      }
    })

    test('accepts a body that a client sends along', async () => {
      const { id } = await store.add(build(whole))
      const answer = await store.request(`${list}/${id}`, {
        method: 'DELETE',
        headers: { 'content-type': 'application/json' },
      })
      expect(answer.status).toBe(204)
    })
  })

  test('the total of the list follows what is added and deleted', async () => {
    expect(await totalOf(store, list)).toBe(0)
    const ids = []
    for (let count = 1; count <= 3; count += 1) {
      ids.push((await store.add(build())).id)
      expect(await totalOf(store, list)).toBe(count)
    }
    await store.post(list, build({ name: 'ab' }))
    expect(await totalOf(store, list)).toBe(3)
    await store.import(file(type === 'subscription_offering' ? anOffering() : build()))
    expect(await totalOf(store, list)).toBe(4)
    for (const id of ids) await store.delete(`${list}/${id}`)
    await store.delete(`${list}/${ids[0]}`)
    expect(await totalOf(store, list)).toBe(1)
  })

  test('an organization writes its own', async () => {
    const { api } = await service.addOrganization()
    const added = await api.add(build())
    expect(added.meta.owner).toBe('organization')
    const { body } = await api.put(`${list}/${added.id}`, changes(type, { name: 'Changed' }))
    expect(body.data).toMatchObject({ attributes: { name: 'Changed' }, meta: { owner: 'organization' } })
    expect((await api.delete(`${list}/${added.id}`)).status).toBe(204)
  })

  test('the list is where its type says', () => expect(list).toBe(listOf(type)))
})

describe('POST /subscriptions/offerings', () => {
  test('adds an empty offering, whatever products and plans it is given', async () => {
    const { status, body } = await store.post(
      '/subscriptions/offerings',
      anOffering({ products: ['nothing'] }),
    )
    expect(status).toBe(201)
    const related = (list: string) => ({
      data: [],
      links: { related: `/subscriptions/offerings/${body.data.id}/${list}` },
    })
    expect(body.data.relationships).toEqual({
      products: related('products'),
      plans: related('plans'),
      features: related('features'),
    })
    expect(body.data.meta.external_product_refs).toEqual([])
    for (const list of ['products', 'plans'] as const) {
      expect(await snapshotsOf(store, body.data, list)).toEqual([])
    }
  })
})

describe('POST /subscriptions/offerings/build', () => {
  const build = (attributes: Readonly<Record<string, unknown>>) =>
    store.post('/subscriptions/offerings/build', { data: anOffering(attributes).data.attributes })

  test.each(['', '/v2'])('adds an offering and says where it is, under "%s"', async (prefix) => {
    const { status, headers, body } = await store.post(`${prefix}/subscriptions/offerings/build`, {
      data: anOffering({ external_ref: 'ref', description: 'All.' }).data.attributes,
    })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`${prefix}/subscriptions/offerings/${body.data.id}`)
    expect((await store.get(headers.get('location') ?? '')).body).toEqual(body)
    expect(attributesOf(body.data)).toEqual({
      external_ref: 'ref',
      name: 'Coffee, monthly',
      description: 'All.',
    })
    expect(await totalOf(store, '/subscriptions/offerings')).toBe(1)
  })

  test('takes ids, external_refs and objects, in the order of the lists', async () => {
    const [byId, byRef] = [
      await store.add(aProduct({ name: 'By id', price })),
      await store.add(aProduct({ name: 'By ref', external_ref: 'the product' })),
    ]
    const plan = await store.add(aPlan({ name: 'By ref', external_ref: byId.id }))
    const { status, body } = await build({
      products: [
        { name: 'Within', external_ref: 'inner', description: null },
        byId.id.toUpperCase(),
        'the product',
      ],
      plans: [aPlan({ name: 'Within' }).data.attributes, byId.id],
    })
    expect(status).toBe(201)
    const products = await snapshotsOf(store, body.data, 'products')
    expect(products.map(attributesOf)).toEqual(
      [{ name: 'Within', external_ref: 'inner' }, attributesOf(byId), attributesOf(byRef)].map(
        (attributes) => ({ ...attributes, feature_configurations: {} }),
      ),
    )
    expect(namesOf(await snapshotsOf(store, body.data, 'plans'))).toEqual(['Within', 'By ref'])
    expect(body.data.meta.external_product_refs).toEqual(['inner', 'the product'])
    expect(body.data.relationships.products.data).toEqual(
      products.map(({ id }) => ({ id, type: 'subscription_offering_product' })),
    )
    for (const { id } of products) expect([byId.id, byRef.id, plan.id]).not.toContain(id)
    // An inline product is not in the catalogue.
    expect(await totalOf(store, '/subscriptions/products')).toBe(2)
    expect(await totalOf(store, '/subscriptions/plans')).toBe(1)
  })

  test("takes an organization's products and plans, and the store's own before them", async () => {
    const { id, api: organization } = await service.addOrganization()
    const one = await service.addStore(id)
    const product = await organization.add(aProduct({ name: 'Theirs', external_ref: 'p' }))
    const plan = await organization.add(aPlan({ name: 'Theirs', external_ref: 'q' }))
    const offering = anOffering({ products: ['p'], plans: ['q'] })
    expect(namesOf(await snapshotsOf(one, await one.add(offering), 'products'))).toEqual(['Theirs'])
    await one.add(aProduct({ name: 'Own', external_ref: 'p' }))
    const mixed = await one.add(offering)
    expect(mixed.meta.owner).toBe('store')
    expect(namesOf(await snapshotsOf(one, mixed, 'products'))).toEqual(['Own'])
    expect(namesOf(await snapshotsOf(one, mixed, 'plans'))).toEqual(['Theirs'])
    const byId = await one.add(anOffering({ products: [product.id], plans: [plan.id] }))
    expect(namesOf(await snapshotsOf(one, byId, 'products'))).toEqual(['Theirs'])
  })

  test('refuses unknown references, one error each, all of them in meta.missing_ids', async () => {
    const { id } = await store.add(aProduct())
    const foreign = await (await service.addStore()).add(aPlan({ external_ref: 'theirs' }))
    const unknown = randomUUID()
    const answer = await build({
      products: [unknown, id, 'nothing', ' '],
      plans: [foreign.id, 'theirs', aPlan().data.attributes],
    })
    const missing_ids = [unknown, 'nothing', ' ', foreign.id, 'theirs']
    expect(answer.status).toBe(400)
    expect(answer.body.errors).toEqual(
      [
        `data.products[0]: product "${unknown}" was not found`,
        'data.products[2]: product "nothing" was not found',
        'data.products[3]: product " " was not found',
        `data.plans[0]: plan "${foreign.id}" was not found`,
        'data.plans[1]: plan "theirs" was not found',
      ].map((detail, nth) => ({
        status: '400',
        title: 'Validation Error',
        detail,
        meta: { code: 'not_found', ...(nth === 0 && { missing_ids }) },
      })),
    )
    expect(await totalOf(store, '/subscriptions/offerings')).toBe(0)
  })

  test('refuses a product or plan that is named twice', async () => {
    const { id } = await store.add(aProduct({ external_ref: 'the product' }))
    const answer = await build({ products: [id, 'the product'] })
    expectError(
      answer,
      400,
      'Validation Error',
      'data.products[1]: product "the product" is already named by products[0]',
    )
  })

  test('refuses an external_ref that is taken, and names who has it', async () => {
    const holder = await store.add(anOfferingAlone({ external_ref: 'taken' }))
    const answer = await build({ external_ref: 'taken' })
    expectErrors(answer, 409, [{ title: 'Write Conflict', detail: /external_ref/, meta: { id: holder.id } }])
    expect(await totalOf(store, '/subscriptions/offerings')).toBe(1)
  })

  test('takes its type and refuses another', async () => {
    expect((await build({ type: 'subscription_offering' })).status).toBe(201)
    for (const type of ['subscription_product', '', null, 5]) {
      const detail = 'data.type: type must be subscription_offering'
      expectError(await build({ type }), 400, 'Validation Error', detail)
    }
  })
})

describe('An offering and what it was built from', () => {
  let product: RecordResource
  let plan: RecordResource
  let offering: RecordResource
  let path: string
  let originals: Readonly<Record<'products' | 'plans', RecordResource>>

  beforeEach(async () => {
    product = await store.add(aProduct({ name: 'Original', external_ref: 'product', price, sku: 'sku' }))
    plan = await store.add(aPlan({ name: 'Original', external_ref: 'plan' }))
    originals = { products: product, plans: plan }
    offering = await store.add(anOffering({ products: [product.id], plans: ['plan'] }))
    path = `/subscriptions/offerings/${offering.id}`
  })

  describe.each(['products', 'plans'] as const)('its %s', (list) => {
    const noun = list.slice(0, -1)
    const type = `subscription_${noun}`
    const snapshotType = `subscription_offering_${noun}`
    const add = (attributes = {}) => store.add(list === 'products' ? aProduct(attributes) : aPlan(attributes))
    const attach = (...ids: unknown[]) => store.post(`${path}/${list}/attach`, { data: { [list]: ids } })
    const only = async () => {
      const [snapshot, ...others] = await snapshotsOf(store, offering, list)
      expect(others).toEqual([])
      if (!snapshot) throw new Error('there is no snapshot')
      return snapshot
    }

    test('stay as they are when the original changes', async () => {
      const before = await only()
      const { id } = originals[list]
      await store.put(
        `/subscriptions/${list}/${id}`,
        changes(type, { name: 'Changed', external_ref: 'changed' }),
      )
      expect(await only()).toEqual(before)
      expect(await store.read(path)).toEqual(offering)
    })

    test('are changed by PUT, which leaves the original alone', async () => {
      const before = await only()
      const { status, body } = await store.put(
        `${path}/${list}/${before.id}`,
        changes(snapshotType, { name: 'Changed', external_ref: null, description: 'Of the offering.' }),
      )
      expect(status).toBe(200)
      const { external_ref, ...rest } = attributesOf(before)
      expect(body.data).toMatchObject({ id: before.id, type: snapshotType })
      expect(attributesOf(body.data)).toEqual({ ...rest, name: 'Changed', description: 'Of the offering.' })
      expect(body.data.meta.timestamps.updated_at > before.meta.timestamps.updated_at).toBe(true)
      expect(await only()).toEqual(body.data)
      expect(await store.read(`/subscriptions/${list}/${originals[list].id}`)).toEqual(originals[list])
    })

    test('are also found for a PUT by the id of the original', async () => {
      const before = await only()
      const { id } = originals[list]
      const put = (bodyId?: string) =>
        store.put(`${path}/${list}/${id}`, {
          data: { type: snapshotType, ...(bodyId && { id: bodyId }), attributes: { name: 'Changed' } },
        })
      expect((await put()).body.data).toMatchObject({ id: before.id, attributes: { name: 'Changed' } })
      expect((await put(id)).status).toBe(200)
      expectError(await put(before.id), 400, 'Validation Error', /^data\.id: /)
    })

    test.each([{}, undefined, { status: 'active' }])(
      'are left as they are by a PUT with the attributes %j',
      async (attributes) => {
        const before = await only()
        const answer = await store.put(`${path}/${list}/${before.id}`, changes(snapshotType, attributes))
        expect(answer.status).toBe(200)
        expect(answer.body.data).toEqual(before)
        expect(await only()).toEqual(before)
      },
    )

    test.each<[string, unknown, RegExp]>([
      ['no type', { attributes: {} }, /^data\.type: "type" is required$/],
      ["the original's type", { type, attributes: {} }, /^data\.type: type must be subscription_offering_/],
      ['another id', { type: snapshotType, id: randomUUID() }, /^data\.id: id must be that of the path/],
      ['a wrong attribute', changes(snapshotType, { name: 'ab' }).data, /^data\.attributes\.name: /],
      ['no name', changes(snapshotType, { name: null }).data, /^data\.attributes\.name: /],
    ])('refuse a PUT with %s', async (_, data, detail) => {
      const before = await only()
      const answer = await store.put(`${path}/${list}/${before.id}`, { data })
      expectError(answer, 400, 'Validation Error', detail)
      expect(await only()).toEqual(before)
    })

    test('may have one external_ref several times', async () => {
      const other = await add({ external_ref: 'other' })
      await attach(other.id)
      const answer = await store.put(
        `${path}/${list}/${other.id}`,
        changes(snapshotType, { external_ref: attributesOf(originals[list]).external_ref }),
      )
      expect(answer.status).toBe(200)
    })

    test('keep the original from being deleted, until they are detached', async () => {
      const { id } = originals[list]
      const answer = await store.delete(`/subscriptions/${list}/${id}`)
      expectErrors(answer, 409, [
        { title: 'Write Conflict', detail: /attached/, meta: { offering_id: offering.id } },
      ])
      expect(await store.read(`/subscriptions/${list}/${id}`)).toEqual(originals[list])
      const { id: snapshotId } = await only()
      expect((await store.delete(`${path}/${list}/${snapshotId}`)).status).toBe(204)
      expect((await store.delete(`/subscriptions/${list}/${id}`)).status).toBe(204)
      expect(await totalOf(store, `/subscriptions/${list}`)).toBe(0)
    })

    test('keep the original from being deleted, until the offering is', async () => {
      const { id } = originals[list]
      const other = await store.add(anOffering({ [list]: [id] }))
      expect((await store.delete(path)).status).toBe(204)
      const answer = await store.delete(`/subscriptions/${list}/${id}`)
      expect(answer.status).toBe(409)
      expect(answer.body.errors[0].meta).toEqual({ offering_id: other.id })
      await store.delete(`/subscriptions/offerings/${other.id}`)
      expect((await store.delete(`/subscriptions/${list}/${id}`)).status).toBe(204)
    })

    test('are gone with the offering', async () => {
      const { rows } = await service.pool.query(
        `select count(*)::integer as count from offering_${list} where holder_id = $1`,
        [offering.id],
      )
      expect(rows).toEqual([{ count: 1 }])
      await store.delete(path)
      expectError(await store.get(`${path}/${list}`), 404, 'Not Found', 'No offering found')
      const after = await service.pool.query(`select from offering_${list} where holder_id = $1`, [
        offering.id,
      ])
      expect(after.rows).toEqual([])
    })

    test.each([
      ['id of its own', (snapshot: RecordResource) => snapshot.id],
      ["original's id", () => originals[list].id],
    ])('are detached by DELETE with the %s', async (_, idOf) => {
      const snapshot = await only()
      const one = `${path}/${list}/${idOf(snapshot)}`
      const { status, body } = await store.delete(one)
      expect({ status, body }).toEqual({ status: 204, body: '' })
      expect(await snapshotsOf(store, offering, list)).toEqual([])
      expect((await store.read(path)).relationships?.[list]?.data).toEqual([])
      expect(await store.read(`/subscriptions/${list}/${originals[list].id}`)).toEqual(originals[list])
      expectError(await store.delete(one), 404, 'Not Found', `No ${noun} found`)
    })

    test("are not another offering's", async () => {
      const other = await store.add(anOffering())
      const { id } = await only()
      const elsewhere = `/subscriptions/offerings/${other.id}/${list}/${id}`
      for (const answer of [
        await store.delete(elsewhere),
        await store.put(elsewhere, changes(snapshotType, { name: 'Changed' })),
      ]) {
        expectError(answer, 404, 'Not Found', `No ${noun} found`)
      }
      expect((await only()).attributes.name).toBe('Original')
    })

    test('are attached by the ids of originals: 200 with the new ones', async () => {
      const [one, two] = [await add({ name: 'One', external_ref: 'one' }), await add({ name: 'Two' })]
      const { status, body } = await attach(two.id.toUpperCase(), one.id)
      expect(status).toBe(200)
      expect(namesOf(body.data)).toEqual(['Two', 'One'])
      for (const snapshot of body.data) {
        expect(snapshot).toMatchObject({ type: snapshotType, meta: { owner: 'store' } })
        expect([one.id, two.id]).not.toContain(snapshot.id)
      }
      const all = await snapshotsOf(store, offering, list)
      expect(namesOf(all)).toEqual(['Original', 'Two', 'One'])
      expect(all.slice(1)).toEqual(body.data)
      expect((await store.read(path)).relationships?.[list]?.data).toEqual(
        all.map(({ id }) => ({ id, type: snapshotType })),
      )
      expect((await store.delete(`/subscriptions/${list}/${one.id}`)).status).toBe(409)
    })

    test('are not attached twice: 409, and none of the others', async () => {
      const other = await add()
      const before = await only()
      expectErrors(await attach(other.id, originals[list].id), 409, [
        { title: 'Write Conflict', detail: /already attached/, meta: { id: before.id } },
      ])
      expect(await only()).toEqual(before)
    })

    test('are attached again after they were detached', async () => {
      await store.delete(`${path}/${list}/${originals[list].id}`)
      expect((await attach(originals[list].id)).status).toBe(200)
    })

    test('are not attached twice by one request', async () => {
      const { id } = await add()
      expectError(await attach(id, id), 400, 'Validation Error', /^data\.\w+\[1\]: .* already named by /)
      await only()
    })

    test('refuse what does not exist, one error each, all of them in meta.missing_ids', async () => {
      const foreign = await (await service.addStore()).add(list === 'products' ? aProduct() : aPlan())
      const unknown = randomUUID()
      const known = await add()
      const answer = await attach(unknown, known.id, foreign.id, offering.id)
      const missing_ids = [unknown, foreign.id, offering.id]
      expectErrors(
        answer,
        400,
        [0, 2, 3].map((index, nth) => ({
          title: 'Validation Error',
          detail: `data.${list}[${index}]: ${noun} "${missing_ids[nth]}" was not found`,
          ...(nth === 0 && { meta: { missing_ids } }),
        })),
      )
      await only()
    })

    test.each<[string, unknown, RegExp[]]>([
      ['nothing', {}, [/^data\.\w+: "\w+" is required$/]],
      ['no list', { [list]: randomUUID() }, [/^data\.\w+: \w+ must be a list$/]],
      ['an empty list', { [list]: [] }, [/^data\.\w+: \w+ must have at least one id$/]],
      [
        'what are no ids',
        { [list]: ['a ref', 5, null, {}] },
        [0, 1, 2, 3].map(
          (index) => new RegExp(`^data\\.${list}\\[${index}\\]: ${list}\\[${index}\\] must be a UUID$`),
        ),
      ],
    ])('refuse to attach %s', async (_, data, details) => {
      const answer = await store.post(`${path}/${list}/attach`, { data })
      expectErrors(
        answer,
        400,
        details.map((detail) => ({ title: 'Validation Error', detail })),
      )
    })

    test("may be an organization's, which then cannot be deleted", async () => {
      const { id, api: organization } = await service.addOrganization()
      const one = await service.addStore(id)
      const theirs = await organization.add(list === 'products' ? aProduct() : aPlan())
      const own = await one.add(anOfferingAlone())
      const attached = await one.post(`/subscriptions/offerings/${own.id}/${list}/attach`, {
        data: { [list]: [theirs.id] },
      })
      expect(attached.status).toBe(200)
      expect(attached.body.data[0].meta.owner).toBe('store')
      const answer = await organization.delete(`/subscriptions/${list}/${theirs.id}`)
      expect(answer.status).toBe(409)
      await one.delete(`/subscriptions/offerings/${own.id}/${list}/${theirs.id}`)
      expect((await organization.delete(`/subscriptions/${list}/${theirs.id}`)).status).toBe(204)
    })
  })

  test('meta.external_product_refs follows its products', async () => {
    const refs = async () => (await store.read(path)).meta.external_product_refs
    const other = await store.add(aProduct({ external_ref: 'other' }))
    expect(await refs()).toEqual(['product'])
    await store.post(`${path}/products/attach`, { data: { products: [other.id] } })
    expect(await refs()).toEqual(['product', 'other'])
    await store.put(
      `${path}/products/${other.id}`,
      changes('subscription_offering_product', { external_ref: 'new' }),
    )
    expect(await refs()).toEqual(['product', 'new'])
    await store.delete(`${path}/products/${product.id}`)
    expect(await refs()).toEqual(['new'])
    const found = await store.read<RecordResource[]>(
      '/subscriptions/offerings?filter=in(external_product_refs,new)',
    )
    expect(found.map(({ id }) => id)).toEqual([offering.id])
  })

  describe('PUT …/products/replace', () => {
    const replace = (...ids: unknown[]) => store.put(`${path}/products/replace`, { data: { products: ids } })

    test('keeps, adds and removes', async () => {
      const [kept] = await snapshotsOf(store, offering, 'products')
      const [one, two] = [
        await store.add(aProduct({ name: 'One' })),
        await store.add(aProduct({ name: 'Two' })),
      ]
      await store.put(
        `${path}/products/${kept?.id}`,
        changes('subscription_offering_product', { name: 'Kept' }),
      )

      const first = await replace(one.id, product.id)
      expect(first.status).toBe(200)
      expect(namesOf(first.body.data)).toEqual(['Kept', 'One'])
      expect(first.body.data[0].id).toBe(kept?.id)
      expect(await snapshotsOf(store, offering, 'products')).toEqual(first.body.data)

      const second = await replace(two.id, one.id)
      expect(namesOf(second.body.data)).toEqual(['One', 'Two'])
      expect(second.body.data[0]).toEqual(first.body.data[1])
      expect((await store.delete(`/subscriptions/products/${product.id}`)).status).toBe(204)
      expect((await store.delete(`/subscriptions/products/${two.id}`)).status).toBe(409)
      expect(namesOf(await snapshotsOf(store, offering, 'plans'))).toEqual(['Original'])
    })

    test('by nothing is refused: 400', async () => {
      const before = await snapshotsOf(store, offering, 'products')
      const detail = 'data.products: products must have at least one id'
      expectError(await replace(), 400, 'Validation Error', detail)
      expect(await snapshotsOf(store, offering, 'products')).toEqual(before)
    })

    test('removes inline records', async () => {
      const other = await store.add(anOffering())
      const answer = await store.put(`/subscriptions/offerings/${other.id}/products/replace`, {
        data: { products: [product.id] },
      })
      expect(namesOf(answer.body.data)).toEqual(['Original'])
    })

    test('changes nothing if one does not exist', async () => {
      const unknown = randomUUID()
      const before = await snapshotsOf(store, offering, 'products')
      expectErrors(await replace(unknown), 400, [
        {
          title: 'Validation Error',
          detail: `data.products[0]: product "${unknown}" was not found`,
          meta: { missing_ids: [unknown] },
        },
      ])
      expect(await snapshotsOf(store, offering, 'products')).toEqual(before)
    })

    test('reports an unknown product by its place in the list', async () => {
      const unknown = randomUUID()
      const detail = `data.products[1]: product "${unknown}" was not found`
      const answer = await replace(product.id, unknown)
      expectErrors(answer, 400, [{ title: 'Validation Error', detail, meta: { missing_ids: [unknown] } }])
    })

    test.each([
      ['one that is there already', () => product],
      ['a new one', () => store.add(aProduct())],
    ])('refuses a product that is named twice: %s', async (_, productOf) => {
      const { id } = await productOf()
      const answer = await replace(id, id)
      expectError(answer, 400, 'Validation Error', /^data\.products\[1\]: .* already named by /)
      expect(namesOf(await snapshotsOf(store, offering, 'products'))).toEqual(['Original'])
    })

    test.each<[string, unknown]>([
      ['nothing', {}],
      ['no list', { products: null }],
      ['what is no id', { products: ['product'] }],
    ])('refuses %s', async (_, data) => {
      expect((await store.put(`${path}/products/replace`, { data })).status).toBe(400)
      expect(namesOf(await snapshotsOf(store, offering, 'products'))).toEqual(['Original'])
    })
  })
})

describe('meta.price of an offering’s plan', () => {
  const usd = (amount: number) => ({ name: 'A product', price: { USD: { amount } } })

  /**
   * As every route that shows it tells it: the list, `included` of one and of the list, and what PUT answers.
   */
  async function priceOf(
    plan: Readonly<Record<string, unknown>>,
    products: readonly Readonly<Record<string, unknown>>[],
  ): Promise<unknown> {
    const { id } = await store.add(anOffering({ products, plans: [aPlan(plan).data.attributes] }))
    const [snapshot] = await snapshotsOf(store, { id }, 'plans')
    const path = `/subscriptions/offerings/${id}`
    for (const { body } of [
      await store.get(`${path}?include=plans`),
      await store.get(`${path}?include=products,plans`),
      await store.get(`/subscriptions/offerings?include=plans&filter=eq(id,${id})`),
    ]) {
      expect(body.included.plans).toEqual([snapshot])
    }
    const put = await store.put(`${path}/plans/${snapshot?.id}`, changes('subscription_offering_plan', {}))
    expect(put.body.data).toEqual(snapshot)
    return snapshot?.meta.price
  }

  test('50.00 less 5% is 47.50', async () => {
    expect(await priceOf({ base_price_percentage: 5 }, [usd(5000)])).toEqual({ USD: { amount: 4750 } })
  })

  test('is the sum of the products, less the percentage, rounded down', async () => {
    expect(await priceOf({ base_price_percentage: 50 }, [usd(1), usd(1), usd(1)])).toEqual({
      USD: { amount: 1 },
    })
    expect(await priceOf({ base_price_percentage: 50 }, [usd(105)])).toEqual({ USD: { amount: 52 } })
  })

  test('is the fixed price, whatever the products cost', async () => {
    expect(await priceOf({ fixed_price: price, base_price_percentage: 5 }, [usd(5000)])).toEqual(price)
  })

  test('is in each currency that all products have', async () => {
    const two = { name: 'A product', price: { EUR: { amount: 1 }, USD: { amount: 200 } } }
    expect(await priceOf({ base_price_percentage: 25 }, [usd(100), two])).toEqual({ USD: { amount: 225 } })
  })

  test('without a percentage is the sum', async () => {
    expect(await priceOf({}, [usd(100), usd(23)])).toEqual({ USD: { amount: 123 } })
  })

  test('is absent if no currency is common to all', async () => {
    expect(await priceOf({ base_price_percentage: 5 }, [usd(100), { name: 'Without' }])).toBeUndefined()
  })

  test('is exact for huge amounts', async () => {
    const amount = Number.MAX_SAFE_INTEGER
    expect(await priceOf({ base_price_percentage: 50 }, [usd(amount)])).toEqual({
      USD: { amount: 4503599627370495 },
    })
  })

  test("follows the offering's products and plan, not the originals", async () => {
    const product = await store.add(aProduct({ price: { USD: { amount: 5000 } } }))
    const plan = await store.add(aPlan({ base_price_percentage: 5 }))
    const { id } = await store.add(anOffering({ products: [product.id], plans: [plan.id] }))
    const path = `/subscriptions/offerings/${id}`
    const amount = async () => {
      const [snapshot] = await snapshotsOf(store, { id }, 'plans')
      return snapshot?.meta.price
    }
    await store.put(
      `/subscriptions/products/${product.id}`,
      changes('subscription_product', { price: { USD: { amount: 1 } } }),
    )
    await store.put(
      `/subscriptions/plans/${plan.id}`,
      changes('subscription_plan', { base_price_percentage: 90 }),
    )
    expect(await amount()).toEqual({ USD: { amount: 4750 } })
    await store.put(
      `${path}/products/${product.id}`,
      changes('subscription_offering_product', { price: { USD: { amount: 1000 } } }),
    )
    expect(await amount()).toEqual({ USD: { amount: 950 } })
    await store.put(
      `${path}/plans/${plan.id}`,
      changes('subscription_offering_plan', { base_price_percentage: null }),
    )
    expect(await amount()).toEqual({ USD: { amount: 1000 } })
    await store.delete(`${path}/products/${product.id}`)
    expect(await amount()).toBeUndefined()
    const attached = await store.post(`${path}/plans/attach`, {
      data: { plans: [(await store.add(aPlan({ fixed_price: price }))).id] },
    })
    expect(attached.body.data[0].meta.price).toEqual(price)
  })
})
