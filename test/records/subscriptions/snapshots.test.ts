import { beforeEach, describe, expect, test } from 'vitest'
import type { RecordResource } from '../../support/api.js'
import { anOffering, aPlan, aProduct, aState, aSubscription, file } from '../../support/builders.js'
import { ownerIdOf } from '../../support/rows.js'
import { newStoreEach, testService } from '../../support/service.js'
import { waitingFor } from '../../support/waits.js'

const service = testService()
const store = newStoreEach(service)

const LIST = '/subscriptions/subscriptions'
const OFFERINGS = '/subscriptions/offerings'

const EUR = { EUR: { amount: 900 } }

/** All that the service says of the store's subscriptions. */
async function everything() {
  const { body } = await store.get(`${LIST}?include=products,plans`)
  const parts = await Promise.all(
    body.data.flatMap(({ id }: { id: string }) =>
      ['', '/products', '/plans', '/states'].map(
        async (part) => (await store.get(`${LIST}/${id}${part}`)).body,
      ),
    ),
  )
  const found = await store.get(`${LIST}?filter=eq(offering_external_ref,coffee)`)
  return { list: body, parts, found: found.body.data }
}

describe('What a subscription is of may change after the import, and nothing changes in the subscription', () => {
  let offering: RecordResource
  let before: Awaited<ReturnType<typeof everything>>
  beforeEach(async () => {
    const { meta } = await store.import(
      file(
        aProduct({ external_ref: 'beans', price: EUR }),
        aPlan({ external_ref: 'monthly', end_behavior: 'close', plan_length: 1000 }),
        anOffering({ external_ref: 'coffee', products: ['beans'], plans: ['monthly'] }),
        aSubscription({ first_invoice_paid: true, started_at: '2024-01-31T12:00:00Z' }),
      ),
    )
    expect(meta.errors).toBe(0)
    offering = (await store.read<RecordResource[]>(OFFERINGS))[0] as RecordResource
    before = await everything()
    expect(before.found).toHaveLength(1)
  })

  const changed = async (path: string, type: string, attributes: object) => {
    const { status, body } = await store.put(path, { data: { type, attributes } })
    expect([status, body.errors]).toEqual([200, undefined])
  }
  const deleted = async (path: string) => expect((await store.delete(path)).status).toBe(204)
  const original = async (list: string) =>
    `/subscriptions/${list}/${(await store.read<RecordResource[]>(`/subscriptions/${list}`))[0]?.id}`
  const snapshot = (kind: 'products' | 'plans') =>
    `${OFFERINGS}/${offering.id}/${kind}/${offering.relationships?.[kind]?.data[0]?.id}`

  const product = { name: 'Changed', external_ref: null, price: { EUR: { amount: 1 } } }
  const plan = {
    name: 'Changed',
    billing_interval_type: 'year',
    plan_length: 3,
    end_behavior: 'roll',
    fixed_price: { USD: { amount: 1 } },
  }

  test.each<[string, () => Promise<unknown>]>([
    [
      'the offering',
      () =>
        changed(`${OFFERINGS}/${offering.id}`, 'subscription_offering', { name: 'Tea', external_ref: 'tea' }),
    ],
    ['the product', async () => changed(await original('products'), 'subscription_product', product)],
    ['the plan', async () => changed(await original('plans'), 'subscription_plan', plan)],
    ['the offering’s product', () => changed(snapshot('products'), 'subscription_offering_product', product)],
    ['the offering’s plan', () => changed(snapshot('plans'), 'subscription_offering_plan', plan)],
  ])('%s is changed', async (_, work) => {
    await work()
    expect(await everything()).toEqual(before)
  })

  test.each<[string, () => Promise<unknown>]>([
    ['the offering', () => deleted(`${OFFERINGS}/${offering.id}`)],
    ['the offering’s product', () => deleted(snapshot('products'))],
    ['the offering’s plan', () => deleted(snapshot('plans'))],
    [
      'the offering, then the product and the plan',
      async () => {
        await deleted(`${OFFERINGS}/${offering.id}`)
        await deleted(await original('products'))
        await deleted(await original('plans'))
      },
    ],
  ])('%s is deleted', async (_, work) => {
    await work()
    expect(await everything()).toEqual(before)
  })

  test.each<[string, () => Promise<unknown>]>([
    [
      'products are added to the offering, and its own are replaced',
      async () => {
        const { id } = await store.add(aProduct({ name: 'Milk' }))
        const data = { products: [id] }
        expect((await store.post(`${OFFERINGS}/${offering.id}/products/attach`, { data })).status).toBe(200)
        expect((await store.put(`${OFFERINGS}/${offering.id}/products/replace`, { data })).status).toBe(200)
      },
    ],
    [
      'a file updates all of them',
      async () => {
        const { meta } = await store.import(
          file(
            aProduct({ ...product, external_ref: 'beans' }),
            aPlan({ ...plan, external_ref: 'monthly' }),
            anOffering({ external_ref: 'coffee', name: 'Tea', products: ['beans'], plans: ['monthly'] }),
          ),
          { onConflict: 'update' },
        )
        expect(meta.errors).toBe(0)
      },
    ],
  ])('%s', async (_, work) => {
    await work()
    expect(await everything()).toEqual(before)
  })

  test('and the other way round: a subscription that changes or goes leaves all of them alone', async () => {
    const catalogue = async () =>
      await Promise.all(
        ['products', 'plans', 'offerings?include=products,plans'].map(
          async (list) => (await store.get(`/subscriptions/${list}`)).body,
        ),
      )
    const as = await catalogue()
    const { id } = before.list.data[0]
    await changed(`${LIST}/${id}`, 'subscription', { name: 'Another' })
    expect((await store.post(`${LIST}/${id}/states`, aState('pause'))).status).toBe(204)
    await deleted(`${LIST}/${id}`)
    expect(await catalogue()).toEqual(as)
  })

  test('a plan that was an original can still be selected by its id once it is gone', async () => {
    const path = await original('plans')
    await deleted(`${OFFERINGS}/${offering.id}`)
    await deleted(path)
    await changed(`${LIST}/${before.list.data[0].id}`, 'subscription', { plan_id: path.split('/').at(-1) })
  })
})

test('Copies are whole, whatever happens to the offering meanwhile', async () => {
  const plans = ['a', 'b', 'c'].map((external_ref) => aPlan({ external_ref, fixed_price: EUR }))
  const ids = await Promise.all(plans.map(async (plan) => (await store.add(plan)).id))
  const products = [aProduct().data.attributes, aProduct().data.attributes]
  const { id } = await store.add(anOffering({ external_ref: 'coffee', products, plans: ids }))
  const first = ids[0]
  const line = aSubscription({ selected_plan: 'c' })
  let isOver = false
  /** The plan that stands first goes and comes, so that the place of the selected one changes all the time. */
  const change = async () => {
    while (!isOver) {
      const held = await store.read<RecordResource[]>(`${OFFERINGS}/${id}/plans`)
      const at = held.find(({ attributes: { external_ref } }) => external_ref === 'a')
      const answer = at
        ? await store.delete(`${OFFERINGS}/${id}/plans/${at.id}`)
        : await store.post(`${OFFERINGS}/${id}/plans/attach`, { data: { plans: [first] } })
      expect([200, 204]).toContain(answer.status)
    }
  }
  const add = async () => {
    const posts = Array.from({ length: 30 }, () => store.post(LIST, line))
    for (const { status } of await Promise.all(posts)) expect(status).toBe(201)
    const { meta } = await store.import(file(...Array.from({ length: 30 }, () => line)))
    expect(meta.errors).toBe(0)
  }
  await Promise.all([change(), add().finally(() => (isOver = true))])

  const { body } = await store.get(`${LIST}?page[limit]=100&include=products,plans`)
  expect(body.data).toHaveLength(60)
  expect(body.included.products).toHaveLength(120)
  const refs = new Map(
    body.included.plans.map((plan: RecordResource) => [plan.id, plan.attributes.external_ref]),
  )
  for (const { attributes, relationships } of body.data) {
    expect(refs.get(attributes.plan_id)).toBe('c')
    expect(relationships.plans.data.map((plan: RecordResource) => plan.id)).toContain(attributes.plan_id)
  }
})

test('A chunk whose offering changes in the middle is written again, as the offering is then', async () => {
  const plans = ['a', 'c'].map((external_ref) => aPlan({ external_ref }).data.attributes)
  const offering = await store.add(anOffering({ external_ref: 'coffee', plans }))
  const ownerId = await ownerIdOf(service.pool, store)
  const client = await service.pool.connect()
  try {
    // The import has asked what the offering holds, and waits in the middle of its chunk for this external_ref.
    await client.query('begin')
    await client.query(
      `insert into subscriptions (owner_id, id, created_at, updated_at, external_ref, account_id, name, email, currency,
                                  manual_payments, offering_id, offering_name, plan_id, plan_unit, plan_frequency,
                                  plan_length, plan_end)
       values ($1, gen_random_uuid(), now(), now(), 'held', gen_random_uuid(), '', '', '', true,
               gen_random_uuid(), '', gen_random_uuid(), 'day', 1, 1, 'roll')`,
      [ownerId],
    )
    const line = aSubscription({ external_ref: 'held', selected_plan: 'c' })
    const { id } = await store.create(file(line))
    await expect.poll(() => waitingFor(service.pool, client)).toBe(1)

    // The selected plan is then the first one.
    const [first] = offering.relationships?.plans?.data ?? []
    expect((await store.delete(`${OFFERINGS}/${offering.id}/plans/${first?.id}`)).status).toBe(204)
    await client.query('rollback')
    expect((await store.finished(id)).meta.errors).toBe(0)
  } finally {
    await client.query('rollback')
    client.release()
  }
  const { body } = await store.get(`${LIST}?include=plans`)
  expect(body.included.plans).toMatchObject([
    { id: body.data[0].attributes.plan_id, attributes: { external_ref: 'c' }, meta: { active_plan: true } },
  ])
})

test('A subscription is added whole or not at all while its offering is being deleted', async () => {
  const offerings = await Promise.all(
    Array.from({ length: 10 }, (_, index) => store.add(anOffering({ external_ref: `o-${index}` }))),
  )
  const answers = await Promise.all(
    offerings.flatMap(({ id }) => {
      const line = aSubscription({ offering_external_ref: undefined, offering_id: id })
      return [store.post(LIST, line), store.delete(`${OFFERINGS}/${id}`), store.post(LIST, line)]
    }),
  )
  const added = answers.filter(({ status }) => status === 201)
  for (const { status } of answers) expect([201, 204, 400]).toContain(status)
  const { body } = await store.get(`${LIST}?include=products,plans`)
  expect(body.data).toHaveLength(added.length)
  for (const kind of ['products', 'plans']) expect(body.included[kind]).toHaveLength(added.length)
})
