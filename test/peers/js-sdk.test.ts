import { gateway, MemoryStorageFactory } from '@elasticpath/js-sdk'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createCredential } from '../../src/tenants/keys.js'
import {
  anOffering,
  anOfferingAlone,
  aPlan,
  aProduct,
  aSubscriber,
  type RecordLine,
} from '../support/builders.js'
import { intakeJson } from '../support/cli.js'
import { ownerIdOf } from '../support/rows.js'
import { testService } from '../support/service.js'

/**
 * The vendor's own client, as published, against the running service. Its types know less than it can do, and
 * require more than the API does, so bodies and filters go through `given`.
 */
const service = testService()
beforeAll(async () => {
  // It logs every sign-in.
  vi.spyOn(console, 'info').mockImplementation(() => {})
})
afterAll(async () => {
  vi.restoreAllMocks()
})

const given = (value: unknown): never => value as never

/** A client with its own store. */
async function aClient(): Promise<Client> {
  const ownerId = await ownerIdOf(service.pool, await service.addStore())
  const made = await createCredential(service.pool, ownerId, 'client', undefined)
  if (!made) throw new Error('there is a client already')
  return { client_id: made.id, client_secret: made.secret }
}

interface Client {
  readonly client_id: string
  readonly client_secret: string
}

function connect({ client_id, client_secret }: Client) {
  const { host, protocol } = new URL(service.server.url)
  const options = {
    client_id,
    client_secret,
    host,
    protocol: protocol.slice(0, -1),
    storage: new MemoryStorageFactory(),
    disableCart: true,
    retryDelay: 10,
    retryJitter: 10,
  }
  return gateway(options)
}

type Sdk = ReturnType<typeof connect>

let sdk: Sdk
beforeEach(async () => {
  sdk = connect(await aClient())
  await sdk.Authenticate()
})

const bodyOf = ({ data }: RecordLine) => given(data)

/** It rejects with the body of the response. */
const failure = (status: string, title: string, detail?: RegExp) => ({
  errors: [
    expect.objectContaining({ status, title, ...(detail && { detail: expect.stringMatching(detail) }) }),
  ],
})

describe('Signing in', () => {
  test('with the output of `intake keys create --client`', async () => {
    const environment = { DATABASE_URL: service.databaseUrl }
    const client = await intakeJson(['keys', 'create', '--store', 'default', '--client'], environment)
    expect((await connect(client).SubscriptionProducts.All()).data).toEqual([])
  })

  test('by client credentials, automatically when needed', async () => {
    const fresh = connect(await aClient())
    expect((await fresh.SubscriptionProducts.All()).data).toEqual([])
    const token = await fresh.Authenticate()
    expect(token).toMatchObject({ token_type: 'Bearer', expires_in: 3600, identifier: 'client_credentials' })
    expect(token.expires).toBeGreaterThan(Date.now() / 1000)
  })

  test('again, when its token is no longer accepted', async () => {
    const client = await aClient()
    const again = connect(client)
    await again.Authenticate()
    again.request.storage.set(
      'epCredentials',
      JSON.stringify({ client_id: client.client_id, access_token: 'old', expires: Date.now() }),
    )
    expect((await again.SubscriptionProducts.All()).data).toEqual([])
  })

  test('with another secret, or as nobody, fails', async () => {
    const { client_id, client_secret } = await aClient()
    const title = 'Unable to validate access token'
    for (const wrong of [
      { client_id, client_secret: `${client_secret}x` },
      { client_id: client_secret, client_secret },
    ]) {
      await expect(connect(wrong).SubscriptionProducts.All()).rejects.toMatchObject(failure('401', title))
    }
  })

  test('each as its own store', async () => {
    const other = connect(await aClient())
    const { data } = await sdk.SubscriptionProducts.Create(bodyOf(aProduct()))
    await expect(other.SubscriptionProducts.Get(data.id)).rejects.toMatchObject(
      failure('404', 'Not Found', /^No product found$/),
    )
  })
})

const resources = [
  ['products', () => sdk.SubscriptionProducts, aProduct],
  ['plans', () => sdk.SubscriptionPlans, aPlan],
  ['subscribers', () => sdk.SubscriptionSubscribers, aSubscriber],
  ['offerings', () => sdk.SubscriptionOfferings, anOfferingAlone],
] as const

describe.each(resources)('%s', (list, endpointOf, build) => {
  /** The four differ only by their types. */
  const endpoint = () => endpointOf() as ReturnType<(typeof resources)[0][1]>
  const create = async (attributes = {}) => (await endpoint().Create(bodyOf(build(attributes)))).data

  test('are created, got, updated and deleted', async () => {
    const created = await create({ external_ref: 'ref' })
    expect(created).toMatchObject(build({ external_ref: 'ref' }).data)
    expect((await endpoint().Get(created.id)).data).toEqual(created)

    const { id, type } = created
    const attributes = { name: 'Changed', external_ref: null }
    const updated = (await endpoint().Update(id, given({ id, type, attributes }))).data
    expect(updated.attributes.name).toBe('Changed')
    expect(updated.attributes).not.toHaveProperty('external_ref')
    expect((await endpoint().Get(id)).data).toEqual(updated)

    await endpoint().Delete(id)
    await expect(endpoint().Get(id)).rejects.toMatchObject(failure('404', 'Not Found'))
  })

  test('are listed, filtered and paged', async () => {
    const ids: string[] = []
    for (const number of [1, 2, 3, 4, 5]) {
      ids.unshift((await create({ external_ref: `ref-${number}`, name: `Number ${number}` })).id)
    }
    const idsOf = (page: { data: { id: string }[] }) => page.data.map(({ id }) => id)
    const all = await endpoint().All()
    expect(idsOf(all)).toEqual(ids)
    expect(all.meta).toEqual({ page: { limit: 25, offset: 0, current: 1, total: 1 }, results: { total: 5 } })

    const middle = await endpoint().Limit(2).Offset(2).All()
    expect(idsOf(middle)).toEqual(ids.slice(2, 4))
    expect(middle.meta).toEqual({
      page: { limit: 2, offset: 2, current: 2, total: 3 },
      results: { total: 5 },
    })
    for (const link of ['first', 'prev', 'next', 'last']) {
      expect(middle.links[link]).toMatch(new RegExp(`/v2/subscriptions/${list}\\?`))
    }

    const filtered = async (filter: unknown) => idsOf(await endpoint().Filter(given(filter)).All())
    expect(await filtered({ eq: { external_ref: 'ref-2' } })).toEqual([ids[3]])
    expect(await filtered({ eq: { name: 'Number 2' } })).toEqual([ids[3]])
    expect(await filtered({ in: { external_ref: ['ref-1', 'ref-5', 'ref-6'] } })).toEqual([ids[0], ids[4]])
    expect(await filtered({ like: { name: '*4' } })).toEqual([ids[1]])
    expect(await filtered({ ge: { created_at: '2020-01-01' }, like: { external_ref: 'ref-3*' } })).toEqual([
      ids[2],
    ])
    expect(await filtered({ lt: { created_at: '2020-01-01' } })).toEqual([])
    await expect(filtered({ eq: { nothing: 'x' } })).rejects.toMatchObject(
      failure('400', 'Bad Request', /^Could not parse the supplied filter/),
    )
  })

  test('are refused in the form that it passes on', async () => {
    await expect(create({ name: 'ab' })).rejects.toMatchObject(
      failure('400', 'Validation Error', /^data\.attributes\.name: /),
    )
    const { id } = await create({ external_ref: 'taken' })
    await expect(create({ external_ref: 'taken' })).rejects.toMatchObject({
      errors: [{ status: '409', title: 'Write Conflict', meta: { id } }],
    })
  })
})

describe('An offering', () => {
  const product = async (attributes = {}) =>
    (await sdk.SubscriptionProducts.Create(bodyOf(aProduct(attributes)))).data
  const plan = async (attributes = {}) => (await sdk.SubscriptionPlans.Create(bodyOf(aPlan(attributes)))).data
  const namesOf = (records: readonly { attributes: { name: string } }[]) =>
    records.map(({ attributes }) => attributes.name)

  test('is built from products and plans, and read with them', async () => {
    const [one, monthly] = [
      await product({ name: 'By id', price: { USD: { amount: 5000 } } }),
      await plan({ name: 'By ref', external_ref: 'monthly', base_price_percentage: 5 }),
    ]
    const built = await sdk.SubscriptionOfferings.Build(
      given({
        name: 'Coffee, monthly',
        description: 'All of it.',
        products: [one.id, { name: 'Within', external_ref: 'inner', price: { USD: { amount: 0 } } }],
        plans: ['monthly'],
      }),
    )
    const { id } = built.data
    expect(built.data.meta.external_product_refs).toEqual(['inner'])
    expect(built.data.relationships?.products?.data).toHaveLength(2)

    const { data, included } = given(
      await sdk.SubscriptionOfferings.With(given(['products', 'plans'])).Get(id),
    ) as { data: unknown; included: Record<string, { attributes: { name: string }; meta: unknown }[]> }
    expect(data).toEqual(built.data)
    expect(namesOf(included.products ?? [])).toEqual(['By id', 'Within'])
    expect(included.plans).toMatchObject([
      { attributes: { name: 'By ref' }, meta: { price: { USD: { amount: 4750 } } } },
    ])
    expect(namesOf((await sdk.SubscriptionOfferings.GetAttachedProducts(id)).data)).toEqual([
      'Within',
      'By id',
    ])
    expect((await sdk.SubscriptionOfferings.GetAttachedPlans(id)).data).toEqual(included.plans)
    expect(monthly.id).not.toBe(built.data.relationships?.plans?.data[0]?.id)

    for (const filter of [
      { in: { external_product_refs: ['inner'] } },
      { eq: { 'products.external_ref': 'inner' } },
      { in: { 'plans.external_ref': ['monthly', 'yearly'] } },
    ]) {
      const found = await sdk.SubscriptionOfferings.Filter(given(filter)).All()
      expect(found.data.map((offering) => offering.id)).toEqual([id])
    }
  })

  test('is not built from what does not exist', async () => {
    const nothing = '00000000-0000-0000-0000-000000000000'
    const attributes = anOffering({ products: [nothing] }).data.attributes
    await expect(sdk.SubscriptionOfferings.Build(given(attributes))).rejects.toMatchObject({
      errors: [{ status: '400', meta: { missing_ids: [nothing] } }],
    })
  })

  test('has products and plans attached, replaced and removed', async () => {
    const [one, two, three] = [
      await product({ name: 'One' }),
      await product({ name: 'Two' }),
      await product({ name: 'Three' }),
    ]
    const monthly = await plan()
    const { id } = (await sdk.SubscriptionOfferings.Create(bodyOf(anOfferingAlone()))).data
    const held = async () => namesOf((await sdk.SubscriptionOfferings.GetAttachedProducts(id)).data).sort()

    const attached = await sdk.SubscriptionOfferings.AttachProducts(id, { products: [one.id, two.id] })
    expect(namesOf(attached.data)).toEqual(['One', 'Two'])
    await expect(sdk.SubscriptionOfferings.AttachProducts(id, { products: [one.id] })).rejects.toMatchObject(
      failure('409', 'Write Conflict'),
    )
    await expect(sdk.SubscriptionProducts.Delete(one.id)).rejects.toMatchObject(
      failure('409', 'Write Conflict'),
    )
    expect(namesOf((await sdk.SubscriptionOfferings.AttachPlans(id, { plans: [monthly.id] })).data)).toEqual([
      'Monthly',
    ])

    const replaced = await sdk.SubscriptionOfferings.ReplaceProducts(id, [two.id, three.id])
    expect(namesOf(replaced.data)).toEqual(['Two', 'Three'])
    expect(await held()).toEqual(['Three', 'Two'])
    await sdk.SubscriptionProducts.Delete(one.id)

    await expect(sdk.SubscriptionOfferings.ReplaceProducts(id, [])).rejects.toMatchObject(
      failure('400', 'Validation Error', /^data\.products: /),
    )
    for (const { attributes } of (await sdk.SubscriptionOfferings.GetAttachedProducts(id)).data) {
      expect(attributes).toMatchObject({ feature_configurations: {} })
    }

    await sdk.SubscriptionOfferings.RemoveProduct(id, two.id)
    const [last] = (await sdk.SubscriptionOfferings.GetAttachedProducts(id)).data
    await sdk.SubscriptionOfferings.RemoveProduct(id, last?.id ?? '')
    expect(await held()).toEqual([])
    await sdk.SubscriptionOfferings.RemovePlan(id, monthly.id)
    expect((await sdk.SubscriptionOfferings.GetAttachedPlans(id)).data).toEqual([])

    await sdk.SubscriptionOfferings.Delete(id)
    for (const { id: productId } of [two, three]) await sdk.SubscriptionProducts.Delete(productId)
    await sdk.SubscriptionPlans.Delete(monthly.id)
    expect((await sdk.SubscriptionPlans.All()).data).toEqual([])
  })
})

describe('Settings', () => {
  test('say how long a page is', async () => {
    expect((await sdk.Settings.All()).data).toEqual({ type: 'settings', page_length: 25 })
    const { data } = await sdk.Settings.Update({ page_length: 2 })
    expect(data).toEqual({ type: 'settings', page_length: 2 })
    for (const _ of [1, 2, 3]) await sdk.SubscriptionProducts.Create(bodyOf(aProduct()))
    const page = await sdk.SubscriptionProducts.All()
    expect(page.data).toHaveLength(2)
    expect(page.meta.page.limit).toBe(2)
  })
})
