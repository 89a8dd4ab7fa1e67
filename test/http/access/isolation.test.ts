import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Api } from '../../support/api.js'
import {
  aFeature,
  anOffering,
  aPlan,
  aProduct,
  aState,
  aSubscriber,
  aSubscription,
  file,
} from '../../support/builders.js'
import { expectErrors } from '../../support/errors.js'
import { apiRequests, apiRoutes, resourceRequests } from '../../support/routes.js'
import { testService } from '../../support/service.js'

interface Resource {
  readonly id: string
  readonly type: string
}

/** A tenant with one of everything, by the position of its id in paths: `products`, `offerings/products`. */
interface Tenant {
  readonly api: Api
  readonly resources: ReadonlyMap<string, Resource>
}

const service = testService()
let store: Tenant
let sibling: Tenant
let stranger: Tenant
let organization: Tenant
let otherOrganization: Tenant

beforeAll(async () => {
  const { id, api } = await service.addOrganization()
  organization = await populate(api)
  store = await populate(await service.addStore(id))
  sibling = await populate(await service.addStore(id))
  stranger = await populate(await service.addStore())
  otherOrganization = await populate((await service.addOrganization()).api)
})

const ofOffering = (offering_id: string, attributes = {}) =>
  aSubscription({ offering_external_ref: undefined, offering_id, ...attributes })

async function populate(api: Api): Promise<Tenant> {
  const product = await api.add(aProduct({ external_ref: 'the-product' }))
  const plan = await api.add(aPlan({ external_ref: 'the-plan' }))
  const feature = await api.add(aFeature({ external_ref: 'the-feature' }))
  const offering = await api.add(
    anOffering({ products: [product.id], plans: [plan.id], features: [feature.id] }),
  )
  const { products, plans, features } = offering.relationships ?? {}
  const subscription = await api.add(ofOffering(offering.id, { external_ref: 'the-subscription' }))
  const copies = subscription.relationships
  expect(
    (await api.post(`/subscriptions/subscriptions/${subscription.id}/states`, aState('pause'))).status,
  ).toBe(204)
  const states = await api.read<Resource[]>(`/subscriptions/subscriptions/${subscription.id}/states`)
  const resources = new Map<string, Resource | undefined>([
    ['products', product],
    ['plans', plan],
    ['subscribers', await api.add(aSubscriber({ external_ref: 'the-subscriber' }))],
    ['features', feature],
    ['offerings', offering],
    ['offerings/products', products?.data[0]],
    ['offerings/plans', plans?.data[0]],
    ['offerings/features', features?.data[0]],
    ['subscriptions', subscription],
    ['subscriptions/products', copies?.products?.data[0]],
    ['subscriptions/plans', copies?.plans?.data[0]],
    ['subscriptions/states', states[0]],
    ['keys', await created(api, '/v2/keys', 'key', {})],
    ['webhooks', await created(api, '/v2/webhooks', 'webhook', { url: 'https://shop.example/hooks' })],
    ['imports', await api.import(file(aProduct(), '{'), { externalRef: 'the-import', onConflict: 'update' })],
  ])
  return { api, resources: new Map([...resources].flatMap(([key, one]) => (one ? [[key, one]] : []))) }
}

async function created(api: Api, path: string, type: string, attributes: object): Promise<Resource> {
  const { status, body } = await api.post(path, { data: { type, attributes } })
  expect(status).toBe(201)
  return body.data
}

/** `offerings` and `offerings/products` of `/v2/subscriptions/offerings/:id/products/:product_id`. */
function keysOf(path: string): string[] {
  const steps = path.replace(/^(\/v2)?(\/subscriptions)?\//, '').split('/')
  return steps.flatMap((step, index) =>
    step.startsWith(':')
      ? steps
          .slice(0, index)
          .filter((before) => !before.startsWith(':'))
          .join('/')
      : [],
  )
}

function resourceOf({ resources }: Tenant, key: string): Resource {
  const resource = resources.get(key)
  if (!resource) throw new Error(`populate() makes nothing for the route of ${key}; add it there`)
  return resource
}

const fill = (path: string, ids: readonly string[]): string => {
  const left = [...ids]
  return path.replaceAll(/:\w+/g, () => left.shift() ?? '')
}

/** No body, a useless one, and one that any route about this resource would accept for one's own. */
function bodiesFor(method: string, path: string, caller: Tenant): (string | undefined)[] {
  if (method === 'GET' || method === 'HEAD') return [undefined]
  if (path.endsWith('/states')) return [undefined, '{}', JSON.stringify(aState('pause'))]
  const { type } = resourceOf(caller, keysOf(path).at(-1) ?? '')
  const products = [resourceOf(caller, 'products').id]
  const plans = [resourceOf(caller, 'plans').id]
  const features = [resourceOf(caller, 'features').id]
  const data = { type, attributes: { name: 'Changed' }, products, plans, features }
  return [undefined, '{}', JSON.stringify({ data })]
}

/** A whole response, except for what differs from request to request. */
async function ask({ api }: Tenant, method: string, path: string, body: string | undefined) {
  const response = await fetch(new URL(path, api.url), {
    method,
    headers: {
      authorization: `Bearer ${api.key}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body }),
  })
  return {
    status: response.status,
    headers: [...response.headers].filter(([name]) => !['date', 'x-request-id'].includes(name)),
    body: Buffer.from(await response.arrayBuffer()).toString('latin1'),
  }
}

/** Paths with somebody else's id, each with the same path for an id that nothing has. */
function* pathsWithForeignId(path: string, caller: Tenant, owner: Tenant): Generator<[string, string]> {
  const keys = keysOf(path)
  const own = keys.map((key) => resourceOf(caller, key).id)
  const theirs = keys.map((key) => resourceOf(owner, key).id)
  for (const index of keys.keys()) {
    const before = own.slice(0, index)
    for (const after of [own.slice(index + 1), theirs.slice(index + 1)]) {
      for (const id of idsLike(keys[index] ?? '', owner)) {
        yield [fill(path, [...before, id, ...after]), fill(path, [...before, randomUUID(), ...after])]
      }
    }
  }
}

/**
 * An original also leads to its snapshot: ids of `products` and `offerings/products` can be used for each
 * other.
 */
const idsLike = (key: string, { resources }: Tenant): string[] =>
  [...resources].flatMap(([other, { id }]) => (lastStep(other) === lastStep(key) ? id : []))

const lastStep = (key: string) => key.slice(key.lastIndexOf('/') + 1)

/** Everything that a tenant has, as it sees it. */
const belongings = async ({ api }: Tenant) =>
  await Promise.all(
    apiRequests
      .filter(({ method, path }) => method === 'GET' && !path.includes(':'))
      .map(async ({ path }) => (await api.get(path)).body),
  )

/** With the HEAD that goes with every GET. */
const requests = resourceRequests.flatMap((request) =>
  request.method === 'GET' ? [request, { ...request, method: 'HEAD' }] : [request],
)

test('the API is the same under both prefixes', () => {
  const under = (prefix: string) =>
    apiRoutes
      .filter(({ path }) => path.startsWith(`${prefix}/`))
      .map(({ path, methods }) => [path.slice(prefix.length), [...methods].sort()])
  expect(under('/subscriptions')).not.toHaveLength(0)
  expect(under('/subscriptions')).toEqual(under('/v2/subscriptions'))
  expect(apiRoutes.filter(({ path }) => !/^(\/v2)?\/subscriptions\//.test(path))).toEqual([
    { path: '/v2/settings', methods: ['GET', 'PUT'] },
    { path: '/v2/me', methods: ['GET'] },
    { path: '/v2/session', methods: ['POST', 'DELETE'] },
    { path: '/v2/keys', methods: ['GET', 'POST'] },
    { path: '/v2/keys/:id', methods: ['DELETE'] },
    { path: '/v2/webhooks', methods: ['GET', 'POST'] },
    { path: '/v2/webhooks/:id', methods: ['DELETE'] },
    { path: '/v2/webhooks/:id/test', methods: ['POST'] },
    { path: '/v2/webhooks/:id/deliveries', methods: ['GET'] },
  ])
})

describe.each<[string, () => Tenant, () => Tenant]>([
  ["another store's", () => stranger, () => store],
  ["the store's of the same organization", () => sibling, () => store],
  ["a store's of the organization that asks", () => organization, () => store],
  ["an organization's that is not its own", () => store, () => otherOrganization],
])('An id that is %s', (_, callerOf, ownerOf) => {
  let before: unknown
  beforeAll(async () => {
    before = await belongings(ownerOf())
  })

  test.each(requests)(
    '%# $method $path: answered byte for byte as one that does not exist',
    async ({ method, path }) => {
      const [caller, owner] = [callerOf(), ownerOf()]
      for (const [foreign, unknown] of pathsWithForeignId(path, caller, owner)) {
        for (const body of bodiesFor(method, path, caller)) {
          const answer = await ask(caller, method, foreign, body)
          expect(answer.status).toBe(404)
          expect(answer).toEqual(await ask(caller, method, unknown, body))
        }
      }
    },
  )

  test.each(apiRequests.filter(({ method, path }) => method === 'GET' && !path.includes(':')))(
    'is not in the list of $path',
    async ({ path }) => {
      const { status, body } = await ask(callerOf(), 'GET', path, undefined)
      expect(status).toBe(200)
      for (const { id } of ownerOf().resources.values()) expect(body).not.toContain(id)
    },
  )

  test.each(['build', 'products/attach', 'products/replace', 'plans/attach'])(
    'in the body of %s: answered byte for byte as one that does not exist',
    async (route) => {
      const [caller, owner] = [callerOf(), ownerOf()]
      const offering = resourceOf(caller, 'offerings').id
      const path = `/subscriptions/offerings/${route === 'build' ? '' : `${offering}/`}${route}`
      const method = route.endsWith('replace') ? 'PUT' : 'POST'
      const answers = []
      for (const idOf of [(key: string) => resourceOf(owner, key).id, () => randomUUID()]) {
        const [product, plan] = [idOf('products'), idOf('plans')]
        const data = { name: 'An offering', products: [product], plans: [plan] }
        const answer = await ask(caller, method, path, JSON.stringify({ data }))
        expect(answer.status).toBe(400)
        answers.push({
          ...answer,
          body: answer.body.replaceAll(product, 'the product').replaceAll(plan, 'the plan'),
        })
      }
      expect(answers[0]).toEqual(answers[1])
    },
  )

  type RequestWith = (idOf: (key: string) => string) => [method: string, path: string, body: object]

  const planLater: RequestWith = (idOf) => {
    const { id, type } = resourceOf(callerOf(), 'subscriptions')
    return ['PUT', `/${id}`, { data: { type, attributes: { plan_id: idOf('plans') } } }]
  }

  test.each<[string, RequestWith]>([
    ['its offering', (idOf) => ['POST', '', ofOffering(idOf('offerings'))]],
    [
      'its plan',
      (idOf) => ['POST', '', ofOffering(resourceOf(callerOf(), 'offerings').id, { plan_id: idOf('plans') })],
    ],
    ['its plan later', planLater],
    ['its plan later, by a copy', (idOf) => planLater(() => idOf('subscriptions/plans'))],
  ])(
    'in the body of a subscription, as %s: answered byte for byte as one that does not exist',
    async (_, make) => {
      const answers = []
      for (const idOf of [(key: string) => resourceOf(ownerOf(), key).id, () => randomUUID()]) {
        let used = ''
        const [method, path, body] = make((key) => {
          used = idOf(key)
          return used
        })
        const answer = await ask(
          callerOf(),
          method,
          `/subscriptions/subscriptions${path}`,
          JSON.stringify(body),
        )
        expect(answer.status).toBe(400)
        answers.push({ ...answer, body: answer.body.replaceAll(used, 'the id') })
      }
      expect(answers[0]).toEqual(answers[1])
    },
  )

  test('and nothing of it was changed by any of that', async () => {
    expect(await belongings(ownerOf())).toEqual(before)
  })
})

/** What nobody but its owner sees, not even an organization's stores. */
const isPrivate = ({ path }: { readonly path: string }) => !path.includes('/subscriptions/')

test.each(requests.filter(isPrivate))(
  "%# $method $path: an organization's are for its stores as those that do not exist",
  async ({ method, path }) => {
    for (const [foreign, unknown] of pathsWithForeignId(path, store, organization)) {
      for (const body of bodiesFor(method, path, store)) {
        const answer = await ask(store, method, foreign, body)
        expect(answer.status).toBe(404)
        expect(answer).toEqual(await ask(store, method, unknown, body))
      }
    }
  },
)

test.each(['/v2/keys', '/v2/webhooks'])(
  "an organization's are not in its stores' list of %s",
  async (path) => {
    const { body } = await ask(store, 'GET', path, undefined)
    for (const { id } of organization.resources.values()) expect(body).not.toContain(id)
  },
)

describe("An organization's resource", () => {
  let before: unknown
  beforeAll(async () => {
    before = await belongings(organization)
  })
  const pathOf = (path: string) =>
    fill(
      path,
      keysOf(path).map((key) => resourceOf(organization, key).id),
    )

  const shared = requests.filter((request) => !isPrivate(request))

  test.each(shared.filter(({ method }) => method === 'GET' || method === 'HEAD'))(
    '%# $method $path: its stores read it as it does itself',
    async ({ method, path }) => {
      const answer = await ask(store, method, pathOf(path), undefined)
      expect(answer.status).toBe(200)
      expect(answer).toEqual(await ask(organization, method, pathOf(path), undefined))
    },
  )

  test.each(shared.filter(({ method }) => method !== 'GET' && method !== 'HEAD'))(
    '%# $method $path: its stores do not write it',
    async ({ method, path, noun }) => {
      for (const body of bodiesFor(method, path, store)) {
        const answer = await store.api.request(pathOf(path), {
          method,
          ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
        })
        expectErrors(answer, 403, [
          { title: 'Permission denied', detail: `Permission denied: ${noun} tenancy mismatch` },
        ])
      }
    },
  )

  test('and nothing of it was changed by any of that', async () => {
    expect(await belongings(organization)).toEqual(before)
  })
})

test.each(requests.filter(({ path }) => path.startsWith('/subscriptions/')))(
  '%# $method $path is answered where everything is one’s own',
  async ({ method, path }) => {
    const own = await populate(await service.addStore())
    const ids = keysOf(path).map((key) => resourceOf(own, key).id)
    const { status } = await ask(own, method, fill(path, ids), bodiesFor(method, path, own).at(-1))
    // What is already, or still, attached is a conflict.
    expect([200, 201, 202, 204, 409]).toContain(status)
  },
)
