import { beforeEach, describe, expect, test } from 'vitest'
import type { Api } from '../../support/api.js'
import { anOffering, aPlan, aProduct, counts, file, times } from '../../support/builders.js'
import { ownerIdOf } from '../../support/rows.js'
import { testService } from '../../support/service.js'

const PRODUCTS = 6000
const MOST = 1000

/**
 * A chunk ends with the line that reaches so many references; 20 offerings of 1,000 products and a plan are a
 * chunk.
 */
const CHUNK_REFERENCES = 20_000
const CHUNK_OFFERINGS = Math.ceil(CHUNK_REFERENCES / (MOST + 1))

const service = testService()
let api: Api
beforeEach(async () => {
  api = await service.addStore()
})

const catalogue =
  times(PRODUCTS, (n) => aProduct({ external_ref: `p-${n}` })) + file(aPlan({ external_ref: 'plan' }))

/** `count` consecutive products of the catalogue. */
const named = (from: number, count = MOST): string[] =>
  Array.from({ length: count }, (_, index) => `p-${(from + index) % PRODUCTS}`)

const offeringOf = (n: number, products: unknown[]) =>
  anOffering({ external_ref: `o-${n}`, products, plans: ['plan'] })

/** By offering, what it holds, in the order of the list; and how many transactions wrote the offerings. */
async function written(): Promise<{ held: Map<string, string[]>; transactions: number }> {
  const ownerId = await ownerIdOf(service.pool, api)
  const { rows } = await service.pool.query<{ ref: string; refs: string[]; xmin: string }>(
    `select o.external_ref as ref, o.xmin::text as xmin,
            (select array_agg(coalesce(s.external_ref, '(within)') order by s.id) from offering_products s
             where s.owner_id = o.owner_id and s.holder_id = o.id) as refs
     from offerings o where o.owner_id = $1 order by o.id`,
    [ownerId],
  )
  return {
    held: new Map(rows.map(({ ref, refs }) => [ref, refs])),
    transactions: new Set(rows.map(({ xmin }) => xmin)).size,
  }
}

describe('Offerings that name as many products as they may', () => {
  const LINES = 2 * CHUNK_OFFERINGS + 5
  const products = (n: number) => named(n * 700)

  test('are imported in chunks that end in the middle of a file, each with all that it names', async () => {
    await api.import(catalogue)
    const done = await api.import(times(LINES, (n) => offeringOf(n, products(n))))
    expect(done.attributes.status).toBe('success')
    expect(done.meta.records.imported).toEqual(counts(0, 0, 0, LINES))
    expect(done.meta.errors).toBe(0)
    const { held, transactions } = await written()
    expect(transactions).toBe(3)
    expect([...held]).toEqual(Array.from({ length: LINES }, (_, n) => [`o-${n}`, products(n)]))
  })

  test('end with exact counts when the service is killed between two such chunks', async () => {
    await api.import(catalogue)
    const ownerId = await ownerIdOf(service.pool, api)
    const client = await service.pool.connect()
    let id = ''
    try {
      // The last chunk adds this one, and waits until it is known whether it may.
      await client.query('begin')
      await client.query(
        `insert into offerings (owner_id, id, created_at, updated_at, external_ref, name)
         values ($1, gen_random_uuid(), now(), now(), $2, 'Held')`,
        [ownerId, `o-${LINES - 1}`],
      )
      const lines = times(LINES, (n) => offeringOf(n, n < LINES - 1 ? named(n) : named(PRODUCTS - MOST)))
      id = (await api.create(lines)).id
      const imported = async () => (await api.find(id)).meta.records.imported.subscription_offering
      await expect.poll(imported, { timeout: 60_000 }).toBe(2 * CHUNK_OFFERINGS)
      await service.server.kill()
    } finally {
      await client.query('rollback')
      client.release()
    }
    await service.restart()
    api = api.at(service.server.url)
    const done = await api.finished(id)
    expect(done.meta.records.imported).toEqual(counts(0, 0, 0, LINES))
    expect(done.meta.errors).toBe(0)
    const { held } = await written()
    expect(held.size).toBe(LINES)
    for (const refs of held.values()) expect(new Set(refs).size).toBe(MOST)
    expect(held.get(`o-${LINES - 1}`)).toEqual(named(PRODUCTS - MOST))
  })
})

test('In a chunk with thousands of references, each one that leads nowhere is reported, and the rest is imported', async () => {
  await api.import(catalogue)
  const lines = [
    offeringOf(0, named(0)),
    offeringOf(1, [...named(500, 999), 'nowhere']),
    offeringOf(2, [...named(1500, 500), ...Array(500).fill(aProduct().data.attributes)]),
    offeringOf(
      3,
      Array.from({ length: MOST }, (_, index) => `nowhere-${index}`),
    ),
    offeringOf(4, named(3000, MOST + 1)),
    offeringOf(5, named(5000)),
    offeringOf(6, [...named(0, 999), 'p-0']),
    offeringOf(0, named(1)),
  ]
  const { id, meta } = await api.import(file(...lines))
  expect(meta.records.imported).toEqual(counts(0, 0, 0, 3))
  const nowhere = Array.from({ length: MOST }, (_, index) => [4, `products[${index}]`])
  const errors = await api.errors(id)
  expect(errors.map(({ line, field }) => [line, field])).toEqual([
    [2, 'products[999]'],
    ...nowhere,
    [5, 'products'],
    [7, 'products[999]'],
    [8, 'external_ref'],
  ])
  expect(errors.at(0)?.error).toBe('product "nowhere" was not found')
  expect(errors.at(-3)?.error).toBe('products must not have more than 1000 elements')
  expect(errors.at(-2)?.error).toBe('product "p-0" is already named by products[0]')
  const { held } = await written()
  expect([...held]).toEqual([
    ['o-0', named(0)],
    ['o-2', [...named(1500, 500), ...Array(500).fill('(within)')]],
    ['o-5', named(5000)],
  ])
})

test('A rehearsal follows thousands of references to records of the same file', async () => {
  const whole = times(7, (n) => offeringOf(n, named(n * 900))) + catalogue
  const { meta } = await api.import(whole, { dryRun: true })
  expect(meta.records.imported).toEqual(counts(PRODUCTS, 1, 0, 7))
  expect(meta.errors).toBe(0)
})

test('An update replaces thousands of snapshots, and no more', async () => {
  await api.import(catalogue)
  await api.import(times(12, (n) => offeringOf(n, named(n * 500))))
  const again = times(12, (n) => offeringOf(n, n % 2 === 0 ? named(n * 500 + 1) : named(n, 3)))
  const { meta } = await api.import(again, { onConflict: 'update' })
  expect(meta.records.imported).toEqual(counts(0, 0, 0, 12))
  const { held } = await written()
  expect([...held]).toEqual(
    Array.from({ length: 12 }, (_, n) => [`o-${n}`, n % 2 === 0 ? named(n * 500 + 1) : named(n, 3)]),
  )
})

test('Lines with a thousand mistakes each and a long external_ref are reported whole, in order', async () => {
  const ref = (n: number) => `${n}${'\u{1F525}'.repeat(2000)}`
  const { id, meta } = await api.import(
    times(12, (n) => anOffering({ external_ref: ref(n), products: Array(MOST).fill(n) })),
  )
  expect(meta.errors).toBe(12 * MOST)
  const { body } = await api.get(`/subscriptions/imports/${id}/errors?page[limit]=3&page[offset]=11998`)
  expect(body.meta.results.total).toBe(12 * MOST)
  const [{ meta: last }] = body.data.slice(-1)
  expect([last.line_number, last.field, last.external_ref]).toEqual([12, 'products[999]', ref(11)])
  const kinds = await api.read<unknown[]>(`/subscriptions/imports/${id}/errors/kinds`)
  expect(kinds).toMatchObject([{ meta: { field: 'products[]', lines: 12, first_line_number: 1 } }])
})

test('Files of two stores whose lines name 140,000 products each are rejected line by line, at no great cost', async () => {
  const products = Array.from({ length: 140_000 }, (_, index) => index.toString(36))
  const stores = [api, await service.addStore()]
  const imports = await Promise.all(
    stores.map((store) => store.import(times(4, (n) => offeringOf(n, products)) + file(aProduct()))),
  )
  for (const [index, { id, meta }] of imports.entries()) {
    expect(meta.records.imported).toEqual(counts(1))
    const errors = (await stores[index]?.errors(id)) ?? []
    expect(errors.map(({ line, error }) => [line, error])).toEqual(
      [1, 2, 3, 4].map((line) => [line, 'products must not have more than 1000 elements']),
    )
  }
})
