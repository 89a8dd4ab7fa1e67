import { once } from 'node:events'
import type { Socket } from 'node:net'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Api } from '../../support/api.js'
import { anOffering, aPlan, aProduct, file, times } from '../../support/builders.js'
import { peakMemory } from '../../support/memory.js'
import { ownerIdOf } from '../../support/rows.js'
import { testService } from '../../support/service.js'
import { closed, openSocket } from '../../support/sockets.js'

const MAX_DOWNLOADS = 3

const service = testService({ MAX_DOWNLOADS: String(MAX_DOWNLOADS), IDLE_TIMEOUT: '5' })
let store: Api
beforeEach(async () => {
  store = await service.addStore()
})

const ALPHABET = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']
const CURRENCIES = ALPHABET.flatMap((a) => ALPHABET.flatMap((b) => ALPHABET.map((c) => a + b + c)))

/** A price map of nearly 1 MB, the longest that a line has room for. */
const longPrice = Object.fromEntries(
  CURRENCIES.map((currency) => [currency, { amount: 2 ** 53 - 1, includes_tax: true }]),
)

/** Offerings, inserted by SQL, with more snapshots than are allowed now, as an earlier version wrote them. */
async function addOfferings(offerings: number, productsEach: number, refCharacters: number): Promise<void> {
  const ownerId = await ownerIdOf(service.pool, store)
  await service.pool.query(
    `with offering as (
       insert into offerings (owner_id, id, created_at, updated_at, name)
       select $1, gen_random_uuid(), now(), now(), 'Offering' from generate_series(1, $2) returning id
     ), counted as (
       insert into totals (owner_id, resource, total) values ($1, 'offerings', $2)
     )
     insert into offering_products (owner_id, holder_id, id, created_at, updated_at, external_ref, name, price)
     select $1, offering.id, gen_random_uuid(), now(), now(), lpad(n::text, $4, 'x'), 'Product ' || n, '{"USD": {"amount": 10}}'
     from offering, generate_series(1, $3) as n`,
    [ownerId, offerings, productsEach, refCharacters],
  )
}

/** Reads to the end but keeps only the last part of a response that no test wants to hold whole. */
async function download(api: Api, path: string) {
  const response = await fetch(new URL(path, api.url), { headers: { authorization: `Bearer ${api.key}` } })
  let bytes = 0
  let end = ''
  for await (const piece of response.body ?? []) {
    bytes += piece.length
    end = (end + Buffer.from(piece).toString('latin1')).slice(-300)
  }
  return { status: response.status, headers: response.headers, bytes, end }
}

/** Sends a request, and stops reading once the response has started. */
async function askAndSleep(api: Api, path: string): Promise<Socket> {
  const socket = openSocket(api.url)
  socket.write(`GET ${path} HTTP/1.1\r\nhost: intake\r\nauthorization: Bearer ${api.key}\r\n\r\n`)
  const [head] = (await once(socket, 'data')) as [Buffer]
  socket.pause()
  expect(head.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /)
  return socket
}

describe('An offering that holds more than a response names', () => {
  beforeEach(() => addOfferings(2, 1200, 20))

  test('names the first 100, and leads to all', async () => {
    const [offering] = await store.read<OfferingAnswer[]>('/subscriptions/offerings')
    const { data, links } = offering?.relationships.products ?? { data: [], links: { related: '' } }
    expect(data).toHaveLength(100)
    expect(offering?.meta.external_product_refs).toHaveLength(100)
    const { body } = await store.get(links.related)
    expect(body.meta.results.total).toBe(1200)
    const one = await store.read<OfferingAnswer>(`/subscriptions/offerings/${offering?.id}`)
    expect(one).toEqual(offering)
  })

  test('names and includes 1,000, each under the offering that holds it, in the same order', async () => {
    const { body } = await store.get('/subscriptions/offerings?include=products')
    const named = body.data.flatMap((one: OfferingAnswer) => one.relationships.products.data)
    expect(named).toHaveLength(2000)
    expect(
      body.included.products.map(({ id, type }: { id: string; type: string }) => ({ id, type })),
    ).toEqual(named)
    expect(body.data[0].meta.external_product_refs).toHaveLength(100)
  })
})

interface OfferingAnswer {
  readonly id: string
  readonly meta: { readonly external_product_refs: readonly string[] }
  readonly relationships: {
    readonly products: { readonly data: readonly object[]; readonly links: { readonly related: string } }
  }
}

test('A page of records of 1 MB each is whole, page by page and at once', async () => {
  const products = Array.from({ length: 6 }, (_, index) =>
    aProduct({ external_ref: `p-${index}`, price: longPrice }),
  )
  await store.import(file(...products))
  const { body } = await store.get('/subscriptions/products?page[limit]=100')
  expect(body.data.map((one: { attributes: object }) => one.attributes)).toMatchObject(
    products.map(({ data }) => data.attributes).toReversed(),
  )
  const pages = await store.pages('/subscriptions/products?page[limit]=4')
  expect(pages.flatMap(({ data }) => data)).toEqual(body.data)
  const offering = await store.add(
    anOffering({
      products: products.map((_, index) => `p-${index}`),
      plans: [aPlan({ base_price_percentage: 50 }).data.attributes],
    }),
  )
  const held = await store.get(`/subscriptions/offerings/${offering.id}/products`)
  expect(held.body.data.map((one: { attributes: { price: object } }) => one.attributes.price)).toEqual(
    products.map(() => longPrice),
  )
  const [plan] = (await store.get(`/subscriptions/offerings/${offering.id}/plans`)).body.data
  // Six times the largest integer, less half of it, cannot be represented exactly in JSON.
  expect(plan.meta.price).toBeUndefined()
})

test('A plan is priced in every currency of its products, however many there are', async () => {
  const price = Object.fromEntries(CURRENCIES.map((currency, index) => [currency, { amount: 2 * index }]))
  const plans = [50, 100, 0].map((base_price_percentage) => aPlan({ base_price_percentage }).data.attributes)
  await store.import(
    file(
      aProduct({ external_ref: 'p-0', price }),
      aProduct({ external_ref: 'p-1', price }),
      anOffering({ products: ['p-0', 'p-1'], plans }),
    ),
  )
  const [offering] = await store.read<OfferingAnswer[]>('/subscriptions/offerings')
  const path = `/subscriptions/offerings/${offering?.id}/plans`
  const priced = (factor: number) =>
    Object.fromEntries(CURRENCIES.map((currency, index) => [currency, { amount: factor * index }]))
  const { body } = await store.get(path)
  expect(body.data.map(({ meta }: { meta: object }) => meta)).toMatchObject(
    [4, 0, 2].map((factor) => ({ price: priced(factor) })),
  )
  const { body: changed } = await store.put(`${path}/${body.data[0].id}`, {
    data: { type: 'subscription_offering_plan', attributes: { base_price_percentage: 25 } },
  })
  expect(changed.data.meta.price).toEqual(priced(3))
})

test.each<[string, () => Promise<string>]>([
  [
    'offerings that hold 10,000 products each',
    async () => {
      await addOfferings(30, 10_000, 20)
      return '/subscriptions/offerings?page[limit]=100&include=products,plans'
    },
  ],
  [
    'offerings whose products have the longest external_refs',
    async () => {
      await addOfferings(100, 100, 2048)
      return '/subscriptions/offerings?page[limit]=100'
    },
  ],
  [
    'products of 1 MB each',
    async () => {
      await store.import(times(25, () => aProduct({ price: longPrice })))
      return '/subscriptions/products?page[limit]=100'
    },
  ],
])('Memory stays under 400 MB over pages of %s, read by as many as may', async (_, prepare) => {
  const path = await prepare()
  // The memory of the preparation does not count.
  await service.restart()
  store = store.at(service.server.url)
  const answers = await Promise.all(Array.from({ length: MAX_DOWNLOADS }, () => download(store, path)))
  for (const { status, bytes, end } of answers) {
    expect(status).toBe(200)
    expect(bytes).toBeGreaterThan(10_000_000)
    expect(end).toMatch(/\}$/)
  }
  expect(peakMemory(service.server.process.pid) / 2 ** 20).toBeLessThan(400)
})

describe('Downloads of one store at once', () => {
  const longPage = '/subscriptions/offerings?page[limit]=100&include=products'
  let sleeping: Socket[]

  beforeEach(async () => {
    // More than the buffers of a connection between two processes take.
    await addOfferings(60, 1000, 20)
    sleeping = await Promise.all(Array.from({ length: MAX_DOWNLOADS }, () => askAndSleep(store, longPage)))
  })

  const untilAnswered = (status: number) => {
    const ask = async () => {
      const response = await fetch(new URL(longPage, store.url), {
        headers: { authorization: `Bearer ${store.key}` },
      })
      await response.body?.cancel()
      return response.status
    }
    // What is answered with 200 is long to compute.
    return expect.poll(ask, { timeout: 30_000, interval: 250 }).toBe(status)
  }

  test('are limited: 429 with Retry-After, while short responses and other stores are not affected', async () => {
    const { headers, end } = await download(store, longPage)
    expect(JSON.parse(end).errors).toEqual([
      {
        status: '429',
        title: 'Too Many Requests',
        detail:
          'At most 3 downloads and long responses are sent to one store or organization at once; please try again.',
      },
    ])
    expect(headers.get('retry-after')).toBe('5')
    expect((await store.get('/subscriptions/plans')).status).toBe(200)
    const other = await service.addStore()
    const { id } = await other.import(file(aProduct(), 'not a record'))
    expect(await other.errors(id)).toHaveLength(1)
    for (const socket of sleeping) socket.destroy()
    await untilAnswered(200)
  })

  test('are limited whatever the form of a long response, except after a change', async () => {
    const externalRef = (index: number) => String(index).padEnd(4000, '\u{1F375}')
    const lines = times(80, (index) => aProduct({ external_ref: externalRef(index), name: '' }))
    const { id } = await store.import(lines)
    const errors = `/subscriptions/imports/${id}/errors`
    expect((await store.get(`${errors}?page[limit]=1`)).status).toBe(200)
    expect((await store.get(`${errors}?page[limit]=100`)).status).toBe(429)
    const { status, body } = await store.post('/subscriptions/products', aProduct({ price: longPrice }))
    expect(status).toBe(201)
    expect((await store.get(`/subscriptions/products/${body.data.id}`)).status).toBe(429)
  })

  test('end after IDLE_TIMEOUT if nobody reads, and make room', async () => {
    await untilAnswered(429)
    // Nobody has read anything or hung up.
    await untilAnswered(200)
    await Promise.all(sleeping.map(closed))
  })
})

test('A client that leaves before its download starts takes no place', async () => {
  const { id } = await store.import(file(aProduct()))
  const path = `/subscriptions/imports/${id}/results`
  const request = `GET ${path} HTTP/1.1\r\nhost: intake\r\nauthorization: Bearer ${store.key}\r\n\r\n`
  const database = await service.pool.connect()
  try {
    await database.query('begin; lock table imports in access exclusive mode')
    const waiting = async () => {
      const { rows } = await database.query(
        `select from pg_locks where not granted and relation = 'imports'::regclass`,
      )
      return rows.length
    }
    const sockets = Array.from({ length: MAX_DOWNLOADS }, () => openSocket(store.url))
    // The second of each is answered after the first.
    for (const socket of sockets) socket.write(request.repeat(2))
    await expect.poll(waiting).toBeGreaterThan(MAX_DOWNLOADS)
    await Promise.all(sockets.map((socket) => closed(socket.destroy())))
    // It has noticed by the time it has answered others.
    for (let asked = 0; asked < 3; asked += 1) await fetch(new URL('/healthz', store.url))
  } finally {
    await database.query('rollback')
    database.release()
  }
  for (let asked = 0; asked < 3; asked += 1) expect((await store.get(path)).status).toBe(200)
})

test('Others are answered while a long response is computed', async () => {
  const plans = Array.from({ length: 40 }, () => aPlan().data.attributes)
  await store.import(
    file(aProduct({ external_ref: 'dear', price: longPrice }), anOffering({ products: ['dear'], plans })),
  )
  const [offering] = await store.read<OfferingAnswer[]>('/subscriptions/offerings')
  const url = new URL(`/subscriptions/offerings/${offering?.id}/plans?page[limit]=100`, store.url)
  const response = await fetch(url, { headers: { authorization: `Bearer ${store.key}` } })
  let isOver = false
  const read = async () => {
    let bytes = 0
    for await (const piece of response.body ?? []) bytes += piece.length
    isOver = true
    return bytes
  }
  const reading = read()
  let answered = 0
  for (; !isOver; answered += 1) await fetch(new URL('/healthz', store.url))
  expect(await reading).toBeGreaterThan(40 * 500_000)
  expect(answered).toBeGreaterThan(5)
})
