import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import type { RecordResource } from '../../support/api.js'
import { anInlineSubscription, anOffering, aPlan, aState, aSubscription } from '../../support/builders.js'
import { expectError } from '../../support/errors.js'
import { newStoreEach, testService } from '../../support/service.js'
import { expectAsContract } from './contract.js'

const service = testService()
const store = newStoreEach(service)

const LIST = '/subscriptions/subscriptions'
const UNKNOWN = randomUUID()

type Attributes = Readonly<Record<string, unknown>>

const put = (id: string, attributes: Attributes) =>
  store.put(`${LIST}/${id}`, { data: { type: 'subscription', id, attributes } })

/** Changes what can be changed, and returns the subscription as it is from now on. */
async function change(id: string, attributes: Attributes) {
  const { status, body } = await put(id, attributes)
  expect(body.errors).toBeUndefined()
  expect(status).toBe(200)
  expectAsContract('subscription', body)
  expect((await store.get(`${LIST}/${id}`)).body.data).toEqual(body.data)
  return body.data
}

const get = async (id: string) => (await store.get(`${LIST}/${id}`)).body.data

const plan = (attributes: Attributes) => aPlan(attributes).data.attributes
const EUR = { EUR: { amount: 900 } }

/** The start of a paid period, whose plan is then billed every month. */
const started = { first_invoice_paid: true, started_at: '2024-01-31T12:00:00Z' }

describe('A PUT', () => {
  test.each<[string, unknown]>([
    ['name', 'Another name'],
    ['email', 'other@example.com'],
    ['external_ref', 'other'],
    ['external_ref', null],
    ['external_ref', ''],
    ['address_id', UNKNOWN],
    ['address_id', null],
  ])('changes %s to %j, and nothing else', async (name, value) => {
    const before = await store.add(
      anInlineSubscription({
        ...started,
        external_ref: 'ref',
        address_id: '6f1c1f3e-2f0b-4c57-9b1e-7d6a5b4c3d2e',
      }),
    )
    const after = await change(before.id, { [name]: value })
    const { updated_at } = after.attributes
    const attributes = { ...before.attributes, [name]: value || undefined, updated_at }
    const timestamps = { ...before.meta.timestamps, updated_at }
    expect(after).toEqual({ ...before, attributes, meta: { ...before.meta, timestamps } })
    expect(updated_at > before.meta.timestamps.updated_at).toBe(true)
  })

  test('without attributes, or with those that are there already, changes nothing', async () => {
    const { id, attributes } = await store.add(anInlineSubscription({ external_ref: 'ref', ...started }))
    const { created_at, updated_at, ...same } = attributes
    for (const given of [{}, same, attributes]) {
      expect((await change(id, given)).attributes).toEqual({ ...attributes, updated_at: expect.any(String) })
    }
  })

  test.each<[string, unknown]>([
    ['account_id', UNKNOWN],
    ['currency', 'USD'],
    ['manual_payments', true],
    ['first_invoice_paid', false],
    ['started_at', '2024-01-30T12:00:00Z'],
    ['paused_at', '2024-02-01T12:00:00Z'],
    ['canceled_at', '2024-02-01T12:00:00Z'],
    ['pending', true],
    ['offering_id', UNKNOWN],
    ['offering_external_ref', 'coffee'],
    ['offering', { name: 'Tea' }],
    ['products', []],
    ['plans', [plan({})]],
    ['selected_plan', 'yearly'],
  ])('cannot change %s', async (name, value) => {
    const paid = name === 'first_invoice_paid' ? { first_invoice_paid: true } : started
    const before = await store.add(anInlineSubscription(paid))
    const answer = await put(before.id, { [name]: value, name: 'Another name' })
    const detail = `data.attributes.${name}: ${name} cannot be changed`
    expectError(answer, 400, 'Validation Error', detail)
    expect(await get(before.id)).toEqual(before)
  })

  test.each<[string, unknown, string]>([
    ['name', 'ab', 'name must be at least 3 characters'],
    ['name', null, 'name must be a text, not null'],
    ['email', 'Ada', 'email must be an e-mail address, which has an @'],
    ['address_id', 'home', 'address_id must be a UUID'],
    ['go_live_after', 'soon', 'go_live_after must be a time by RFC 3339, such as 2026-01-31T12:00:00Z'],
  ])('obeys the rules of a line: %s', async (name, value, sentence) => {
    const { id } = await store.add(anInlineSubscription({ pending: true }))
    expectError(
      await put(id, { [name]: value }),
      400,
      'Validation Error',
      `data.attributes.${name}: ${sentence}`,
    )
  })

  test('cannot take an external_ref that another subscription has', async () => {
    const first = await store.add(anInlineSubscription({ external_ref: 'first' }))
    const second = await store.add(anInlineSubscription({ external_ref: 'second' }))
    const answer = await put(second.id, { external_ref: 'first' })
    expect(answer.status).toBe(409)
    expect(answer.body.errors[0]).toMatchObject({ title: 'Write Conflict', meta: { id: first.id } })
  })

  test('cannot give a go_live_after to what is not pending', async () => {
    const { id } = await store.add(anInlineSubscription())
    const sentence = 'go_live_after may only be given with "pending": true'
    const answer = await put(id, { go_live_after: '2999-01-31T12:00:00Z' })
    expectError(answer, 400, 'Validation Error', `data.attributes.go_live_after: ${sentence}`)
  })

  test('sets, changes and clears go_live_after, and invoice_after with it', async () => {
    const { id, meta } = await store.add(anInlineSubscription({ pending: true }))
    expect(meta).toMatchObject({ invoice_after: null })
    const set = await change(id, { go_live_after: '2999-01-31T12:00:00+02:00' })
    expect(set.meta).toMatchObject({
      pending: true,
      status: 'inactive',
      invoice_after: '2999-01-31T10:00:00.000000Z',
      timestamps: { go_live_after: '2999-01-31T10:00:00.000000Z' },
    })
    const cleared = await change(id, { go_live_after: null })
    expect(cleared.meta).toMatchObject({ pending: true, status: 'inactive', invoice_after: null })
    expect(cleared.meta.timestamps).not.toHaveProperty('go_live_after')
    const live = await change(id, { go_live_after: '2024-01-31T12:00:00Z' })
    expect(live.meta).toMatchObject({
      pending: false,
      status: 'active',
      invoice_after: '2024-01-31T12:00:00.000000Z',
      timestamps: { go_live: '2024-01-31T12:00:00.000000Z' },
    })
  })
})

describe('A PUT of plan_id', () => {
  let monthly: RecordResource
  let yearly: RecordResource
  let subscription: RecordResource
  let plans: string[]
  beforeEach(async () => {
    monthly = await store.add(aPlan({ external_ref: 'monthly', fixed_price: EUR }))
    yearly = await store.add(
      aPlan({
        external_ref: 'yearly',
        billing_interval_type: 'year',
        plan_length: 5,
        trial_period: 1,
        end_behavior: 'close',
        fixed_price: EUR,
      }),
    )
    const dollars = plan({ fixed_price: { USD: { amount: 1 } } })
    await store.add(anOffering({ external_ref: 'coffee', plans: [monthly.id, yearly.id, dollars] }))
    subscription = await store.add(aSubscription({ selected_plan: 'monthly', ...started }))
    plans = (subscription.relationships?.plans?.data ?? []).map(({ id }) => id)
    expect(subscription.meta).toMatchObject({ invoice_after: '2024-02-29T12:00:00.000000Z', closed: false })
  })

  test.each<[string, () => string | undefined]>([
    ['its own snapshot’s id', () => plans[1]],
    ['the original’s id', () => yearly.id],
  ])('selects another plan, by %s: invoice_after and end_date follow', async (_, plan_id) => {
    const changed = await change(subscription.id, { plan_id: plan_id() })
    expect(changed.attributes.plan_id).toBe(plans[1])
    expect(changed.meta).toMatchObject({
      invoice_after: '2026-01-31T12:00:00.000000Z',
      timestamps: { end_date: '2029-01-31T12:00:00.000000Z' },
    })
    const shown = await store.read<RecordResource[]>(`${LIST}/${subscription.id}/plans`)
    const active = shown.filter(({ meta }) => 'active_plan' in meta && meta.active_plan === true)
    expect(active.map(({ id }) => id)).toEqual([plans[1]])

    const back = await change(subscription.id, { plan_id: plans[0] })
    expect(back.meta).toMatchObject({ invoice_after: '2024-02-29T12:00:00.000000Z' })
    expect(back.meta.timestamps).not.toHaveProperty('end_date')
  })

  test('changes the end of what is canceled', async () => {
    const canceled = await store.add(
      aSubscription({ selected_plan: 'monthly', ...started, canceled_at: '2024-03-01T00:00:00Z' }),
    )
    expect(canceled.meta.timestamps).toMatchObject({ end_date: '2024-03-31T12:00:00.000000Z' })
    const { meta } = await change(canceled.id, { plan_id: yearly.id })
    expect(meta.timestamps.end_date).toBe('2025-01-31T12:00:00.000000Z')
  })

  test('cannot select a plan that the subscription does not have', async () => {
    const other = await store.add(anInlineSubscription())
    for (const plan_id of [UNKNOWN, String(other.attributes.plan_id)]) {
      const detail = `data.attributes.plan_id: plan "${plan_id}" is not one of the offering's plans`
      expectError(await put(subscription.id, { plan_id }), 400, 'Validation Error', detail)
    }
    expect((await put(subscription.id, { plan_id: null })).status).toBe(400)
    expect(await get(subscription.id)).toEqual(subscription)
  })

  test('meets the deletion of the subscription', async () => {
    const added = await Promise.all(
      Array.from({ length: 40 }, () => store.add(aSubscription({ selected_plan: 'monthly' }))),
    )
    const answers = await Promise.all(
      added.flatMap(({ id }) => [put(id, { plan_id: yearly.id }), store.delete(`${LIST}/${id}`)]),
    )
    for (const [index, { status }] of answers.entries()) {
      expect(index % 2 === 0 ? [200, 404, 409] : [204, 409]).toContain(status)
    }
  })

  test('cannot select a plan without a price in the currency', async () => {
    const answer = await put(subscription.id, { plan_id: plans[2] })
    expectError(answer, 400, 'Validation Error', /: the selected plan has no price in EUR$/)
    expect(await get(subscription.id)).toEqual(subscription)
  })
})

test('A DELETE leaves nothing of a subscription, and another as it is', async () => {
  const { id } = await store.add(anInlineSubscription({ external_ref: 'ref' }))
  const other = await store.add(anInlineSubscription())
  expect((await store.post(`${LIST}/${id}/states`, aState('pause'))).status).toBe(204)
  expect((await store.delete(`${LIST}/${id}`)).status).toBe(204)
  for (const part of ['', '/products', '/plans', '/states']) {
    expectError(await store.get(`${LIST}/${id}${part}`), 404, 'Not Found', 'No subscription found')
  }
  const { body } = await store.get(`${LIST}?include=products,plans`)
  expect(body.data).toEqual([other])
  expect(body.meta.results.total).toBe(1)
  for (const kind of ['products', 'plans']) expect(body.included[kind]).toHaveLength(1)
  for (const table of ['subscription_products', 'subscription_plans', 'subscription_states']) {
    const { rows } = await service.pool.query(`select * from ${table} where holder_id = $1`, [id])
    expect(rows).toEqual([])
  }
  expectError(await store.delete(`${LIST}/${id}`), 404, 'Not Found', 'No subscription found')
  expect((await store.post(LIST, anInlineSubscription({ external_ref: 'ref' }))).status).toBe(201)
})
