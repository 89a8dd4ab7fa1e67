import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Answer, Api, RecordResource } from '../../support/api.js'
import {
  anOffering,
  anOfferingAlone,
  aPlan,
  aProduct,
  aSubscriber,
  file,
  type RecordLine,
  times,
} from '../../support/builders.js'
import { expectErrors } from '../../support/errors.js'
import { insertProducts, ownerIdOf } from '../../support/rows.js'
import { testService } from '../../support/service.js'
import { sessions, waitingForLocks, waitingInTransaction } from '../../support/waits.js'

const service = testService()

let store: Api
let ownerId: string
beforeEach(async () => {
  store = await service.addStore()
  ownerId = await ownerIdOf(service.pool, store)
})

const changes = (type: string, attributes: unknown) => ({ data: { type, attributes } })

const putProduct = (id: string, attributes: unknown) =>
  store.put(`/subscriptions/products/${id}`, changes('subscription_product', attributes))

/** How often to run a race with a random outcome. */
const ROUNDS = [...Array(8).keys()]

/**
 * Holds what a statement locks until as many of the service's sessions wait for it, directly or behind each
 * other, as `start` sent requests; then rolls back. So the requests meet where they should.
 */
async function meeting<Answers extends readonly Promise<unknown>[]>(
  statement: string,
  values: readonly unknown[],
  start: () => readonly [...Answers],
): Promise<{ [Index in keyof Answers]: Awaited<Answers[Index]> }> {
  const client = await service.pool.connect()
  try {
    await client.query('begin')
    await client.query(statement, [...values])
    const answers = start()
    await waiting(answers.length)
    await client.query('rollback')
    return await Promise.all(answers)
  } finally {
    await client.query('rollback')
    client.release()
  }
}

/** Waits until at least so many sessions of this database wait for a lock. */
async function waiting(sessions: number): Promise<void> {
  const count = () => waitingForLocks(service.pool)
  await expect.poll(count, { timeout: 60_000, interval: 5 }).toBeGreaterThanOrEqual(sessions)
}

/** Takes the `external_ref` "between" in a transaction that is rolled back when `work` has returned. */
async function withBetweenTaken<T>(work: () => Promise<T>): Promise<T> {
  const client = await service.pool.connect()
  try {
    await client.query('begin')
    await client.query(
      `insert into products (owner_id, id, created_at, updated_at, external_ref, name)
       values ($1, gen_random_uuid(), now(), now(), 'between', 'Never there')`,
      [ownerId],
    )
    return await work()
  } finally {
    await client.query('rollback')
    client.release()
  }
}

const LOCK_PRODUCT = 'select from products where owner_id = $1 and id = $2 for update'

const statusesOf = (answers: readonly Answer[]) => answers.map(({ status }) => status).sort()

/** Snapshots whose original or holder is gone. There may be none, whatever happened. */
async function orphans(): Promise<unknown[]> {
  const { rows } = await service.pool.query(
    `select 'product' as of, source_id, holder_id from offering_products s
     where s.owner_id = $1
       and (source_id is not null and not exists (select 1 from products p where p.owner_id = $1 and p.id = s.source_id)
            or not exists (select 1 from offerings o where o.owner_id = $1 and o.id = s.holder_id))
     union all
     select 'plan', source_id, holder_id from offering_plans s
     where s.owner_id = $1
       and (source_id is not null and not exists (select 1 from plans p where p.owner_id = $1 and p.id = s.source_id)
            or not exists (select 1 from offerings o where o.owner_id = $1 and o.id = s.holder_id))`,
    [ownerId],
  )
  return rows
}

/** What the lists say there is, and what there is. */
async function expectTrueTotals(): Promise<void> {
  for (const table of ['products', 'plans', 'subscribers', 'offerings']) {
    const { rows } = await service.pool.query(
      `select count(*)::integer as count from ${table} where owner_id = $1`,
      [ownerId],
    )
    const { body } = await store.get(`/subscriptions/${table}`)
    expect([table, body.meta.results.total]).toEqual([table, rows[0].count])
  }
}

afterEach(async () => {
  expect(await orphans()).toEqual([])
  await expectTrueTotals()
  // An import that lost a race is interrupted and resumes; a request that lost one is 409, not a server
  // error.
  expect(service.server.stderr()).not.toMatch(/request failed|cannot be reached/)
})

interface Case {
  readonly list: string
  readonly type: string
  readonly build: (attributes?: Readonly<Record<string, unknown>>) => RecordLine
}

const cases: readonly Case[] = [
  { list: 'products', type: 'subscription_product', build: aProduct },
  { list: 'plans', type: 'subscription_plan', build: aPlan },
  { list: 'subscribers', type: 'subscription_subscriber', build: aSubscriber },
  { list: 'offerings', type: 'subscription_offering', build: anOfferingAlone },
]

describe.each(cases)('$list', ({ list, type, build }) => {
  const path = `/subscriptions/${list}`
  const put = (id: string, attributes: unknown) => store.put(`${path}/${id}`, changes(type, attributes))

  test('two PUTs that have read the same record: one is 200, the other 409 and not written', async () => {
    const { id } = await store.add(build({ name: 'Before' }))
    const [named, referenced] = await meeting(
      `select from ${list} where owner_id = $1 and id = $2 for update`,
      [ownerId, id],
      () => [put(id, { name: 'Changed' }), put(id, { external_ref: 'changed' })],
    )
    expect(statusesOf([named, referenced])).toEqual([200, 409])
    const lost = named.status === 409 ? named : referenced
    expectErrors(lost, 409, [{ title: 'Write Conflict', detail: /at the same time/, meta: {} }])
    const { attributes } = await store.read(`${path}/${id}`)
    expect(attributes.name).toBe(named.status === 200 ? 'Changed' : 'Before')
    expect(attributes.external_ref).toBe(referenced.status === 200 ? 'changed' : undefined)
  })

  test('of many PUTs at once, each that is 200 is in the record, and each that is 409 is not', async () => {
    const { id } = await store.add(build({ name: 'Before' }))
    for (const round of ROUNDS) {
      const wanted = [{ name: `Name ${round}` }, { external_ref: `ref ${round}` }, {}]
      const answers = await Promise.all(wanted.map((attributes) => put(id, attributes)))
      for (const { status } of answers) expect([200, 409]).toContain(status)
      expect(answers[2]?.status).toBe(200)
      const after = (await store.read(`${path}/${id}`)).attributes
      for (const [index, attributes] of wanted.entries()) {
        const isWritten = Object.entries(attributes).every(([name, value]) => after[name] === value)
        expect(isWritten).toBe(answers[index]?.status === 200)
      }
      expect(statusesOf(answers.slice(0, 2))[0]).toBe(200)
    }
  })

  test('of many POSTs at once with one external_ref, one is 201, and the others name it', async () => {
    for (const round of ROUNDS) {
      const line = build({ external_ref: `ref ${round}` })
      const answers = await Promise.all([...Array(6)].map(() => store.post(path, line)))
      const [added, ...more] = answers.filter(({ status }) => status === 201)
      expect(more).toEqual([])
      for (const answer of answers.filter((one) => one !== added)) {
        const meta = { id: added?.body.data.id }
        expectErrors(answer, 409, [{ title: 'Write Conflict', detail: /external_ref/, meta }])
      }
    }
  })

  test('of PUTs and POSTs at once that want one external_ref, one gets it', async () => {
    for (const round of ROUNDS) {
      const [one, two] = [await store.add(build()), await store.add(build())]
      const external_ref = `ref ${round}`
      const answers = await Promise.all([
        put(one.id, { external_ref }),
        put(two.id, { external_ref }),
        store.post(path, build({ external_ref })),
      ])
      const [holder, ...others] = await store.read<RecordResource[]>(
        `${path}?filter=eq(external_ref,${external_ref})`,
      )
      expect(others).toEqual([])
      const winners = answers.filter(({ status }) => status < 300)
      expect(winners.map(({ body }) => body.data.id)).toEqual([holder?.id])
      for (const { status, body } of answers.filter((answer) => !winners.includes(answer))) {
        expect([status, body.errors[0].meta]).toEqual([409, { id: holder?.id }])
      }
    }
  })

  test('two PUTs that swap their external_refs: neither is a server error, and both records have one', async () => {
    const [one, two] = [
      await store.add(build({ external_ref: 'one' })),
      await store.add(build({ external_ref: 'two' })),
    ]
    const answers = await meeting(
      `select from ${list} where owner_id = $1 and id = any($2) for update`,
      [ownerId, [one.id, two.id]],
      () => [put(one.id, { external_ref: 'two' }), put(two.id, { external_ref: 'one' })],
    )
    for (const { status } of answers) expect([200, 409]).toContain(status)
    const refs = (await store.read<RecordResource[]>(path)).map(({ attributes }) => attributes.external_ref)
    const won = answers.filter(({ status }) => status === 200)
    for (const { body } of won) expect(refs).toContain(body.data.attributes.external_ref)
    expect(new Set(refs).size).toBe(2)
  })

  test('of many DELETEs at once one is 204', async () => {
    for (const _ of ROUNDS.slice(0, 5)) {
      const { id } = await store.add(build())
      const answers = await Promise.all([...Array(5)].map(() => store.delete(`${path}/${id}`)))
      expect(answers.filter(({ status }) => status === 204)).toHaveLength(1)
      for (const { status } of answers) expect([204, 404, 409]).toContain(status)
      expect((await store.get(`${path}/${id}`)).status).toBe(404)
    }
  })

  test('a PUT and a DELETE at once: the record is gone, and neither is a server error', async () => {
    for (const _ of ROUNDS) {
      const { id } = await store.add(build())
      const [put_, deleted] = await Promise.all([put(id, { name: 'Changed' }), store.delete(`${path}/${id}`)])
      expect([200, 404, 409]).toContain(put_.status)
      expect(deleted.status).toBe(204)
      expect((await store.get(`${path}/${id}`)).status).toBe(404)
    }
  })
})

describe('A PUT while an import runs', () => {
  test('of a record whose external_ref a line has: the record is changed, the line rejected', async () => {
    const { id } = await store.add(aProduct({ external_ref: 'p-5000' }))
    const running = await store.create(
      times(10_000, (index) => aProduct({ external_ref: `p-${index}`, name: 'Imported' })),
    )
    let changed = 0
    for (let isRunning = true; isRunning; changed += 1) {
      const answer = await putProduct(id, { name: `Changed ${changed}` })
      expect(answer.status).toBe(200)
      isRunning = !['success', 'failed'].includes((await store.find(running.id)).attributes.status)
    }
    expect(await store.errors(running.id)).toMatchObject([
      { line: 5001, error: `external_ref "p-5000" is already used by product ${id}` },
    ])
    expect((await store.read(`/subscriptions/products/${id}`)).attributes.name).toBe(`Changed ${changed - 1}`)
  })

  test('that wants a line’s external_ref: one of them gets it, and the other an error', async () => {
    for (const round of ROUNDS.slice(0, 6)) {
      const { id } = await store.add(aProduct())
      const lines = 2000
      const external_ref = `${round}-${lines / 2}`
      const running = await store.create(
        times(lines, (index) => aProduct({ external_ref: `${round}-${index}` })),
      )
      if (round % 2 === 1) await store.waitFor(running.id, 'started', 'success')
      const answer = await putProduct(id, { external_ref })
      const { meta } = await store.finished(running.id)
      const [holder, ...others] = await store.read<RecordResource[]>(
        `/subscriptions/products?filter=eq(external_ref,${external_ref})`,
      )
      expect(others).toEqual([])
      if (answer.status === 200) {
        expect(holder?.id).toBe(id)
        expect(await store.errors(running.id)).toMatchObject([{ line: lines / 2 + 1, field: 'external_ref' }])
      } else {
        expect(holder?.id).not.toBe(id)
        const conflict = { title: 'Write Conflict', detail: /external_ref/, meta: { id: holder?.id } }
        expectErrors(answer, 409, [conflict])
        expect(meta.errors).toBe(0)
      }
      expect(meta.records.imported.subscription_product).toBe(lines - meta.errors)
    }
  })

  test('when each wants the external_ref that the other is about to release or take: neither is a server error', async () => {
    const { id } = await store.add(aProduct({ external_ref: 'old' }))
    // The import has put "new" and waits for "between"; the PUT from "old" to "new" waits for the import,
    // which then comes to "old".
    const { running, putting } = await withBetweenTaken(async () => {
      const running = await store.create(
        file(...['new', 'between', 'old'].map((external_ref) => aProduct({ external_ref }))),
      )
      await waiting(1)
      const putting = putProduct(id, { external_ref: 'new' })
      await waiting(2)
      return { running, putting }
    })
    const { status } = await putting
    const { meta, attributes } = await store.finished(running.id)
    expect([200, 409]).toContain(status)
    expect(attributes.status).toBe('success')
    const refs = (await store.read<RecordResource[]>('/subscriptions/products')).map(
      (product) => product.attributes.external_ref,
    )
    expect(refs.sort()).toEqual(['between', 'new', 'old'])
    expect(meta.errors).toBe(1)
    expect((await store.read(`/subscriptions/products/${id}`)).attributes.external_ref).toBe(
      status === 200 ? 'new' : 'old',
    )
  })
})

test('POSTs at once, some with an external_ref in common: each has its own answer, and the total is exact', async () => {
  const refs = Array.from({ length: 60 }, (_, place) => (place % 3 === 0 ? undefined : `ref-${place % 20}`))
  const lines = refs.map((external_ref, place) => aProduct({ external_ref, name: `Product ${place}` }))
  const answers = await Promise.all(lines.map((line) => store.post('/subscriptions/products', line)))
  const added = answers.filter(({ status }) => status === 201)
  const holders = new Map(added.map(({ body }) => [body.data.attributes.external_ref, body.data.id]))
  for (const [place, answer] of answers.entries()) {
    const meta = { id: holders.get(refs[place]) }
    if (answer.status === 201) expect(answer.body.data.attributes.name).toBe(`Product ${place}`)
    else expectErrors(answer, 409, [{ title: 'Write Conflict', detail: /external_ref/, meta }])
  }
  expect(added.length).toBe(new Set(refs.filter(Boolean)).size + refs.filter((ref) => !ref).length)
  const { body } = await store.get('/subscriptions/products?page[limit]=100')
  expect(body.meta.results.total).toBe(added.length)
  expect(body.data.map(({ id }: RecordResource) => id).sort()).toEqual(
    added.map((one) => one.body.data.id).sort(),
  )
})

test('A PUT between two chunks of an import, each waiting for the next: none is a server error, and all end', async () => {
  const { id } = await store.add(aProduct({ external_ref: 'old' }))
  // The first chunk waits for "between", the second has put "new" and waits for the first; the PUT from "old"
  // to "new" waits for the second. Then the first comes to "old", and waits for the PUT.
  const lines = 3000
  const named = new Map([
    [1000, 'between'],
    [1500, 'old'],
    [2500, 'new'],
  ])
  const { running, putting } = await withBetweenTaken(async () => {
    const running = await store.create(
      times(lines, (index) => aProduct({ external_ref: named.get(index) ?? `p-${index}` })),
    )
    await waiting(1)
    // Beside the transaction of the test itself: the second chunk, which has written its rows and waits for
    // its turn.
    await expect.poll(() => waitingInTransaction(service.pool), { interval: 5 }).toBeGreaterThanOrEqual(2)
    const putting = putProduct(id, { external_ref: 'new' })
    await waiting(2)
    return { running, putting }
  })
  expect((await putting).status).toBe(200)
  const { meta, attributes } = await store.finished(running.id)
  expect(attributes.status).toBe('success')
  expect(await store.errors(running.id)).toMatchObject([
    { line: 2501, error: `external_ref "new" is already used by product ${id}` },
  ])
  expect(meta.records.imported.subscription_product).toBe(lines - 1)
})

/** The ways in which a product gets into an offering, each with how its response shows whether it did. */
const ways: readonly [string, (product: RecordResource, offering: RecordResource) => Promise<boolean>][] = [
  ['built', async ({ id }) => isDone(await build({ products: [id] }), 201)],
  [
    'built by external_ref',
    async ({ attributes }) => isDone(await build({ products: [attributes.external_ref] }), 201),
  ],
  [
    'attached',
    async ({ id }, offering) =>
      isDone(
        await store.post(`/subscriptions/offerings/${offering.id}/products/attach`, {
          data: { products: [id] },
        }),
        200,
      ),
  ],
  [
    'put in place of others',
    async ({ id }, offering) =>
      isDone(
        await store.put(`/subscriptions/offerings/${offering.id}/products/replace`, {
          data: { products: [id] },
        }),
        200,
      ),
  ],
  [
    'imported',
    async ({ id }) => (await store.import(file(anOffering({ products: [id] }), aPlan()))).meta.errors === 0,
  ],
  [
    'imported by external_ref',
    async () => (await store.import(file(anOffering({ products: ['the-product'] })))).meta.errors === 0,
  ],
]

const build = (attributes: Readonly<Record<string, unknown>>) =>
  store.post('/subscriptions/offerings/build', { data: anOffering(attributes).data.attributes })

/** Done, or refused because the product does not exist. */
function isDone({ status, body }: Answer, done: number): boolean {
  if (status === done) return true
  expect(status).toBe(400)
  expect(body.errors[0].detail).toMatch(/was not found$/)
  return false
}

describe('Records that are posted at once', () => {
  const post = (attributes: Readonly<Record<string, unknown>>) =>
    store.post('/subscriptions/products', aProduct(attributes))

  test('one that waits for its external_ref delays no other', async () => {
    const posted = await withBetweenTaken(async () => {
      const late = [post({ external_ref: 'between' }), post({ external_ref: 'between' })]
      await waiting(1)
      const others = await Promise.all([...Array(5)].map(() => post({})))
      expect(statusesOf(others)).toEqual(Array(5).fill(201))
      return late
    })
    expect(statusesOf(await Promise.all(posted))).toEqual([201, 409])
  })

  test('they do not queue behind one that waits for the total', async () => {
    await store.add(aProduct())
    const answers = await meeting(
      "select from totals where owner_id = $1 and resource = 'products' for update",
      [ownerId],
      () => [post({}), Promise.all([...Array(60)].map(() => post({})))],
    )
    expect(statusesOf([answers[0], ...answers[1]])).toEqual(Array(61).fill(201))
  })

  test('an import that adds the same in another order is not interrupted', async () => {
    const { running, posted } = await withBetweenTaken(async () => {
      const running = await store.create(
        file(...['second', 'between', 'first'].map((external_ref) => aProduct({ external_ref }))),
      )
      await waiting(1)
      const posted = [post({}), post({ external_ref: 'first' }), post({ external_ref: 'second' })]
      // PostgreSQL looks for a deadlock once, when a session has waited for a second: not the request's any more.
      const old = "wait_event_type = 'Lock' and clock_timestamp() - query_start > interval '1200 ms'"
      await expect.poll(() => sessions(service.pool, old), { timeout: 60_000 }).toBeGreaterThanOrEqual(2)
      return { running, posted }
    })
    // Of a request and a line with one reference, one is added.
    const created = (await Promise.all(posted)).filter(({ status }) => status === 201).length
    const { meta } = await store.finished(running.id)
    expect((meta.records.imported.subscription_product ?? 0) + created).toBe(4)
    expect(meta.errors).toBe(created - 1)
    expect(service.server.stderr()).not.toMatch(/deadlock/)
  })
})

describe('A product is deleted or in an offering, never both', () => {
  const aProductToDelete = () => store.add(aProduct({ external_ref: 'the-product' }))

  /** Exactly one of the two happened. */
  async function expectEither(product: RecordResource, isInOffering: boolean, deleted: Answer) {
    expect(deleted.status).toBe(isInOffering ? 409 : 204)
    const found = await store.get(`/subscriptions/products/${product.id}`)
    expect(found.status).toBe(isInOffering ? 200 : 404)
  }

  test.each(ways)('%s while it is being deleted, in random order', async (_, way) => {
    for (const _ of ROUNDS.slice(0, 10)) {
      store = await service.addStore()
      ownerId = await ownerIdOf(service.pool, store)
      const [product, offering] = [await aProductToDelete(), await store.add(anOffering())]
      const [isInOffering, deleted] = await Promise.all([
        way(product, offering),
        store.delete(`/subscriptions/products/${product.id}`),
      ])
      await expectEither(product, isInOffering, deleted)
      expect(await orphans()).toEqual([])
    }
  })

  test.each(ways)('%s, having met the DELETE at the product', async (_, way) => {
    const [product, offering] = [await aProductToDelete(), await store.add(anOffering())]
    const [isInOffering, deleted] = await meeting(LOCK_PRODUCT, [ownerId, product.id], () => [
      way(product, offering),
      store.delete(`/subscriptions/products/${product.id}`),
    ])
    await expectEither(product, isInOffering, deleted)
  })

  test('built: the DELETE waits for what has found the product already', async () => {
    const product = await aProductToDelete()
    const [built, deleted] = await meeting(
      `insert into offerings (owner_id, id, created_at, updated_at, external_ref, name)
       values ($1, gen_random_uuid(), now(), now(), 'the-offering', 'Never there')`,
      [ownerId],
      () => {
        const building = build({ external_ref: 'the-offering', products: [product.id] })
        const deleting = waiting(1).then(() => store.delete(`/subscriptions/products/${product.id}`))
        return [building, deleting]
      },
    )
    expect([built.status, deleted.status]).toEqual([201, 409])
    expect(deleted.body.errors[0].meta).toEqual({ offering_id: built.body.data.id })
  })

  test('while many are imported that refer to it', async () => {
    const product = await aProductToDelete()
    await insertProducts(service.pool, ownerId, 1, 10)
    const running = await store.create(
      times(3000, (index) => anOffering({ products: ['the-product', `p-${(index % 10) + 1}`] })),
    )
    let answer = await store.delete(`/subscriptions/products/${product.id}`)
    const { meta } = await store.finished(running.id)
    const offerings = meta.records.imported.subscription_offering ?? 0
    expect(offerings + meta.errors).toBe(3000)
    if (offerings > 0) expect(answer.status).toBe(409)
    answer = await store.delete(`/subscriptions/products/${product.id}`)
    expect(answer.status).toBe(offerings > 0 ? 409 : 404)
  })
})

describe('An offering that is changed at several places at once', () => {
  test('two PUTs of one snapshot: one is 200, the other 409 and not written', async () => {
    const offering = await store.add(anOffering())
    const [snapshot] = offering.relationships?.products?.data ?? []
    const path = `/subscriptions/offerings/${offering.id}/products/${snapshot?.id}`
    const put = (attributes: unknown) => store.put(path, changes('subscription_offering_product', attributes))
    const answers = await meeting(
      'select from offering_products where owner_id = $1 and id = $2 for update',
      [ownerId, snapshot?.id],
      () => [put({ name: 'Changed' }), put({ sku: 'changed' })],
    )
    expect(statusesOf(answers)).toEqual([200, 409])
    const [after] = await store.read<RecordResource[]>(`/subscriptions/offerings/${offering.id}/products`)
    expect(after?.attributes.name).toBe(answers[0].status === 200 ? 'Changed' : 'Coffee box')
    expect(after?.attributes.sku).toBe(answers[1].status === 200 ? 'changed' : undefined)
  })

  test('a product that is attached many times at once is attached once', async () => {
    const [product, offering] = [await store.add(aProduct()), await store.add(anOfferingAlone())]
    const path = `/subscriptions/offerings/${offering.id}/products`
    const answers = await Promise.all(
      [...Array(6)].map(() => store.post(`${path}/attach`, { data: { products: [product.id] } })),
    )
    expect(statusesOf(answers)).toEqual([200, 409, 409, 409, 409, 409])
    expect(await store.read(path)).toHaveLength(1)
  })

  test('what is replaced many times at once is in the end what one of the requests wanted', async () => {
    const offering = await store.add(anOffering())
    const path = `/subscriptions/offerings/${offering.id}/products`
    const products = [await store.add(aProduct({ name: 'One' })), await store.add(aProduct({ name: 'Two' }))]
    for (const _ of ROUNDS) {
      const answers = await Promise.all(
        products.map(({ id }) => store.put(`${path}/replace`, { data: { products: [id] } })),
      )
      expect(statusesOf(answers)).toEqual([200, 200])
      expect(await store.read(path)).toHaveLength(1)
    }
  })

  test('an offering that is deleted takes with it what is attached to it at the same time', async () => {
    for (const _ of ROUNDS) {
      const [product, offering] = [await store.add(aProduct()), await store.add(anOffering())]
      const path = `/subscriptions/offerings/${offering.id}`
      const [attached, replaced, deleted] = await Promise.all([
        store.post(`${path}/products/attach`, { data: { products: [product.id] } }),
        store.put(`${path}/products/replace`, { data: { products: [product.id] } }),
        store.delete(path),
      ])
      expect(deleted.status).toBe(204)
      expect([200, 404, 409]).toContain(attached.status)
      expect([200, 404, 409]).toContain(replaced.status)
      expect(await orphans()).toEqual([])
      expect((await store.delete(`/subscriptions/products/${product.id}`)).status).toBe(204)
    }
  })
})
