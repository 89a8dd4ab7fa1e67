import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Api } from '../../support/api.js'
import {
  aFeature,
  anOffering,
  aPlan,
  aProduct,
  aSubscriber,
  aSubscription,
  counts,
  file,
} from '../../support/builders.js'
import { expectError } from '../../support/errors.js'
import { pathFor, resourceRoutes } from '../../support/routes.js'
import { testService } from '../../support/service.js'

const LISTS = ['products', 'plans', 'subscribers', 'offerings', 'features', 'subscriptions', 'imports']

const service = testService()

/** Those with a second id, and those of webhooks, are in test/http/access/isolation.test.ts. */
const routesOfOneId = resourceRoutes.filter(
  ({ path }) => path.match(/:\w+/g)?.length === 1 && !path.startsWith('/v2/webhooks'),
)

const everything = (suffix: string) =>
  file(
    aProduct({ external_ref: `product-${suffix}` }),
    aPlan({ external_ref: `plan-${suffix}` }),
    aSubscriber({ external_ref: `subscriber-${suffix}` }),
    aFeature({ external_ref: `feature-${suffix}` }),
    anOffering({
      external_ref: `offering-${suffix}`,
      products: [`product-${suffix}`],
      plans: [`plan-${suffix}`],
    }),
    aSubscription({
      external_ref: `subscription-${suffix}`,
      offering_external_ref: `offering-${suffix}`,
    }),
    '{',
  )

/** One of everything, imported; returns the ids by list. */
async function populate(api: Api, suffix: string): Promise<Record<string, string>> {
  const { id, meta } = await api.import(everything(suffix), { externalRef: suffix, onConflict: 'update' })
  expect(meta.records.imported).toEqual(counts(1, 1, 1, 1, 1, 1))
  const ids: Record<string, string> = { imports: id }
  for (const list of LISTS.slice(0, -1)) {
    const filter = `eq(external_ref,${list.slice(0, -1)}-${suffix})`
    ids[list] = (await api.get(`/subscriptions/${list}?filter=${filter}`)).body.data[0].id
  }
  return ids
}

const idFor = (path: string, ids: Readonly<Record<string, string>>) =>
  ids[/(\w+)\/:id/.exec(path)?.[1] ?? ''] ?? ''

async function listed(api: Api, list: string): Promise<{ id: string; owner: string }[]> {
  const { data, meta } = (await api.get(`/subscriptions/${list}`)).body
  expect(meta.results.total).toBe(data.length)
  return data.map((one: { id: string; meta: { owner: string } }) => ({ id: one.id, owner: one.meta.owner }))
}

describe('Two stores', () => {
  let store: Api
  let stranger: Api
  let ids: Record<string, string>
  beforeAll(async () => {
    store = await service.addStore()
    stranger = await service.addStore()
    ids = await populate(store, 'mine')
  })

  test.each(routesOfOneId)(
    "GET $path answers a stranger's id exactly as one that does not exist",
    async ({ path }) => {
      const answers = []
      for (const id of [idFor(path, ids), randomUUID()]) {
        for (const accept of ['application/json', 'application/jsonl']) {
          const response = await fetch(new URL(pathFor(path, id), stranger.url), {
            headers: { authorization: `Bearer ${stranger.key}`, accept },
          })
          const headers = [...response.headers].filter(([name]) => !['date', 'x-request-id'].includes(name))
          answers.push({ status: response.status, headers, body: await response.text() })
        }
      }
      expect(answers[0]?.status).toBe(404)
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
      expect((await store.get(pathFor(path, idFor(path, ids)))).status).toBe(200)
    },
  )

  test.each(LISTS)("never see each other's %s in lists, whatever the filter", async (list) => {
    expect(await listed(store, list)).toHaveLength(1)
    expect(await listed(stranger, list)).toEqual([])
    for (const filter of [`eq(id,${ids[list]})`, 'like(external_ref,*mine)', 'gt(created_at,0)']) {
      const { body } = await stranger.get(`/subscriptions/${list}?filter=${filter}`)
      expect(body.data).toEqual([])
      expect(body.meta.results.total).toBe(0)
    }
  })

  test('may use the same external_refs', async () => {
    const other = await service.addStore()
    const own = await populate(other, 'mine')
    for (const list of LISTS) expect(await listed(other, list)).toEqual([{ id: own[list], owner: 'store' }])
  })

  test("cannot refer to each other's products and plans, by external_ref or by id", async () => {
    for (const [product, plan] of [
      ['product-mine', 'plan-mine'],
      [ids.products, ids.plans],
    ]) {
      expect(await stranger.complaints(file(anOffering({ products: [product], plans: [plan] })))).toEqual([
        [1, 'products[0]', `product "${product}" was not found`],
        [1, 'plans[0]', `plan "${plan}" was not found`],
      ])
    }
  })
})

describe('An organization and its stores', () => {
  let organization: Api
  let store: Api
  let sibling: Api
  let stranger: Api
  let ids: Record<string, string>
  let storeIds: Record<string, string>
  beforeAll(async () => {
    const { id, api } = await service.addOrganization()
    organization = api
    store = await service.addStore(id)
    sibling = await service.addStore(id)
    stranger = await service.addStore((await service.addOrganization()).id)
    ids = await populate(organization, 'org')
    storeIds = await populate(store, 'store')
  })

  test.each(LISTS)("a store sees the organization's %s besides its own, with meta.owner", async (list) => {
    expect(await listed(store, list)).toEqual([
      { id: storeIds[list], owner: 'store' },
      { id: ids[list], owner: 'organization' },
    ])
    expect(await listed(sibling, list)).toEqual([{ id: ids[list], owner: 'organization' }])
    expect(await listed(organization, list)).toEqual([{ id: ids[list], owner: 'organization' }])
    expect(await listed(stranger, list)).toEqual([])
  })

  /** The owners in a response; downloads and sums do not show them. */
  const ownersIn = (body: {
    data?: { meta: { owner?: string } } | { meta: { owner?: string } }[]
  }): string[] => [body.data ?? []].flat().flatMap(({ meta }) => meta.owner ?? [])

  test.each(routesOfOneId)(
    "GET $path: the organization's is seen by its stores, a store's by itself alone",
    async ({ path, noun }) => {
      const [ofOrganization, ofStore] = [
        pathFor(path, idFor(path, ids)),
        pathFor(path, idFor(path, storeIds)),
      ]
      for (const api of [organization, store, sibling]) {
        const { status, body } = await api.get(ofOrganization)
        expect(status).toBe(200)
        for (const owner of ownersIn(body)) expect(owner).toBe('organization')
      }
      expectError(await stranger.get(ofOrganization), 404, 'Not Found', `No ${noun} found`)
      const { status, body } = await store.get(ofStore)
      expect(status).toBe(200)
      for (const owner of ownersIn(body)) expect(owner).toBe('store')
      for (const api of [organization, sibling, stranger]) {
        expectError(await api.get(ofStore), 404, 'Not Found', `No ${noun} found`)
      }
    },
  )

  test("a store's offering may use the organization's products and plans, by external_ref and by id", async () => {
    const { id, api } = await service.addOrganization()
    await api.import(file(aProduct({ external_ref: 'the-product' }), aPlan({ external_ref: 'the-plan' })))
    const productId = (await api.get('/subscriptions/products')).body.data[0].id
    const planId = (await api.get('/subscriptions/plans')).body.data[0].id
    const own = await service.addStore(id)
    const { meta } = await own.import(
      file(
        anOffering({ external_ref: 'by-ref', products: ['the-product'], plans: ['the-plan'] }),
        anOffering({ external_ref: 'by-id', products: [productId], plans: [planId] }),
      ),
    )
    expect(meta.errors).toBe(0)
    expect(meta.records.imported).toEqual(counts(0, 0, 0, 2))
    const { data, included } = (await own.get('/subscriptions/offerings?include=products,plans')).body
    for (const offering of data) {
      expect(offering.meta.owner).toBe('store')
      expect(offering.meta.external_product_refs).toEqual(['the-product'])
    }
    expect(included.products).toHaveLength(2)
    for (const snapshot of [...included.products, ...included.plans]) {
      expect(snapshot.meta.owner).toBe('store')
      expect([productId, planId]).not.toContain(snapshot.id)
    }
  })

  test("if the store and the organization have a record with the same external_ref, the store's own is used", async () => {
    const { id, api } = await service.addOrganization()
    const own = await service.addStore(id)
    await api.import(file(aProduct({ external_ref: 'same', name: 'of the organization' })))
    const { meta } = await own.import(
      file(aProduct({ external_ref: 'same', name: 'of the store' }), anOffering({ products: ['same'] })),
    )
    expect(meta.errors).toBe(0)
    const { included } = (await own.get('/subscriptions/offerings?include=products')).body
    expect(included.products[0].attributes.name).toBe('of the store')
  })

  test("an organization cannot refer to its stores' products", async () => {
    const found = await organization.complaints(file(anOffering({ products: ['product-store'] })))
    expect(found).toEqual([[1, 'products[0]', 'product "product-store" was not found']])
  })
})
