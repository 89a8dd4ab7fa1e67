import { describe, expect, test } from 'vitest'
import type { RecordResource } from '../../support/api.js'
import { anInlineSubscription, aPlan, aState } from '../../support/builders.js'
import { expectError, expectErrors } from '../../support/errors.js'
import { newStoreEach, testService } from '../../support/service.js'
import { expectAsContract } from './contract.js'

const service = testService()
const store = newStoreEach(service)

const LIST = '/subscriptions/subscriptions'

type Attributes = Readonly<Record<string, unknown>>

const act = (id: string, action: unknown) => store.post(`${LIST}/${id}/states`, aState(action))

const get = async (id: string) => (await store.get(`${LIST}/${id}`)).body.data

const plan = (attributes: Attributes) => aPlan(attributes).data.attributes

/** The start of a paid period, whose plan is then billed every month. */
const started = { first_invoice_paid: true, started_at: '2024-01-31T12:00:00Z' }

describe('The states of a subscription', () => {
  const past = '2024-02-10T12:00:00Z'
  const closing = [plan({ end_behavior: 'close', plan_length: 1 })]
  const situations: Readonly<Record<string, Attributes>> = {
    live: started,
    paused: { ...started, paused_at: past },
    'canceled, its end to come': { canceled_at: '2024-02-10T12:00:00Z', ...longPeriod() },
    'canceled, its end passed': { ...started, canceled_at: past },
    'canceled and paused': { ...longPeriod(), canceled_at: past, paused_at: past },
    pending: { pending: true },
    'pending until a time': { pending: true, go_live_after: '2999-01-31T12:00:00Z' },
    'live after it was pending': { pending: true, go_live_after: past },
    closed: { ...started, plans: closing },
  }

  function longPeriod(): Attributes {
    return { ...started, plans: [plan({ billing_interval_type: 'year', billing_frequency: 1000 })] }
  }

  const possible: Readonly<Record<string, readonly string[]>> = {
    live: ['cancel', 'pause', 'pending'],
    paused: ['cancel', 'resume'],
    'canceled, its end to come': [],
    'canceled, its end passed': [],
    'canceled and paused': ['resume'],
    pending: ['cancel'],
    'pending until a time': ['cancel'],
    'live after it was pending': ['cancel', 'pause', 'pending'],
    closed: [],
  }

  test.each(
    Object.keys(situations).flatMap((situation) =>
      ['cancel', 'pause', 'resume', 'pending'].map(
        (action) => [action, situation, possible[situation]?.includes(action) ? 204 : 409] as const,
      ),
    ),
  )('%s of what is %s is %d', async (action, situation, status) => {
    const before = await store.add(anInlineSubscription(situations[situation]))
    const answer = await act(before.id, action)
    expect(answer.status).toBe(status)
    const states = await store.read<RecordResource[]>(`${LIST}/${before.id}/states`)
    if (status === 204) {
      expect(states.map(({ attributes }) => attributes.action)).toEqual([action])
      return
    }
    expect(answer.body.errors).toMatchObject([{ status: '409', title: 'Write Conflict' }])
    expect(states).toEqual([])
    expect(await get(before.id)).toEqual(before)
  })

  test('pause and resume it', async () => {
    const { id } = await store.add(anInlineSubscription(started))
    await act(id, 'pause')
    const paused = await get(id)
    expect(paused.meta).toMatchObject({ paused: true, status: 'inactive' })
    expect(paused.meta.timestamps).toHaveProperty('paused_at')
    expect(paused.meta.timestamps).not.toHaveProperty('resumed_at')
    expect(paused.meta.timestamps.updated_at >= paused.meta.timestamps.paused_at).toBe(true)
    await act(id, 'resume')
    const resumed = await get(id)
    expect(resumed.meta).toMatchObject({ paused: false, status: 'active' })
    expect(resumed.meta.timestamps.resumed_at >= paused.meta.timestamps.paused_at).toBe(true)
    expect((await act(id, 'pause')).status).toBe(204)
    expect((await get(id)).meta.timestamps.paused_at > resumed.meta.timestamps.resumed_at).toBe(true)
  })

  test('cancel it: it ends with the period that runs, and is active until then', async () => {
    const { id } = await store.add(anInlineSubscription(longPeriod()))
    await act(id, 'cancel')
    const { meta } = await get(id)
    expect(meta).toMatchObject({ canceled: true, closed: false, status: 'active' })
    expect(meta.timestamps).toMatchObject({ end_date: '3024-01-31T12:00:00.000000Z' })
    expect(Date.parse(meta.timestamps.canceled_at)).toBeLessThanOrEqual(Date.now() + 60_000)
  })

  test('make it pending, until a PUT names the time at which it goes live again', async () => {
    const { id } = await store.add(
      anInlineSubscription({ pending: true, go_live_after: '2024-01-31T12:00:00Z' }),
    )
    await act(id, 'pending')
    const { meta } = await get(id)
    expect(meta).toMatchObject({ pending: true, status: 'inactive', invoice_after: null })
    expect(meta.timestamps).not.toHaveProperty('go_live_after')
    expect(meta.timestamps).not.toHaveProperty('go_live')
    const attributes = { go_live_after: '2024-05-31T12:00:00Z' }
    const live = await store.put(`${LIST}/${id}`, { data: { type: 'subscription', id, attributes } })
    expect(live.body.data.meta).toMatchObject({
      pending: false,
      status: 'active',
      invoice_after: '2024-05-31T12:00:00.000000Z',
    })
  })

  test('are listed oldest first, page by page', async () => {
    const { id } = await store.add(anInlineSubscription(started))
    const actions = ['pause', 'resume', 'pause', 'resume', 'cancel']
    for (const action of actions) expect((await act(id, action)).status).toBe(204)
    const pages = await store.pages(`${LIST}/${id}/states?page[limit]=2`)
    for (const page of pages) expectAsContract('states', page)
    expect(pages.flatMap(({ data }) => data.map((state: RecordResource) => state.attributes.action))).toEqual(
      actions,
    )
    expect(pages.map(({ data }) => data.length)).toEqual([2, 2, 1])
    expect(pages[0]?.meta.results.total).toBe(5)
  })

  test('that are asked for at the same time are done once', async () => {
    const { id } = await store.add(anInlineSubscription(started))
    const answers = await Promise.all(Array.from({ length: 6 }, () => act(id, 'pause')))
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409, 409, 409, 409, 409])
    expect(await store.read(`${LIST}/${id}/states`)).toHaveLength(1)
  })

  test.each(['stop', '', 'Pause', null, 5])('cannot be %j', async (action) => {
    const { id } = await store.add(anInlineSubscription())
    const detail = 'data.attributes.action: action must be one of cancel, pause, resume, pending'
    expectError(await act(id, action), 400, 'Validation Error', detail)
  })

  test('have the type of their route, and an action', async () => {
    const { id } = await store.add(anInlineSubscription())
    const attributes = { action: 'pause' }
    for (const data of [
      { type: 'subscription', attributes },
      { attributes },
      { type: 'subscription_state' },
    ]) {
      expect((await store.post(`${LIST}/${id}/states`, { data })).status).toBe(400)
    }
    const text = { type: 'subscription_state', attributes: 'pause' }
    const detail = 'data.attributes: attributes must be an object'
    expectError(await store.post(`${LIST}/${id}/states`, { data: text }), 400, 'Validation Error', detail)
    const none = await store.post(`${LIST}/${id}/states`, {
      data: { type: 'subscription_state', attributes: {} },
    })
    expectErrors(none, 400, [
      { title: 'Validation Error', detail: 'data.attributes.action: "action" is required' },
    ])
    expect(await store.read(`${LIST}/${id}/states`)).toEqual([])
  })

  test('are those of this subscription, not of another', async () => {
    const [one, other] = [await store.add(anInlineSubscription()), await store.add(anInlineSubscription())]
    await act(one.id, 'pause')
    const [state] = await store.read<RecordResource[]>(`${LIST}/${one.id}/states`)
    expect((await store.get(`${LIST}/${other.id}/states/${state?.id}`)).status).toBe(404)
    expect(await store.read(`${LIST}/${other.id}/states`)).toEqual([])
  })
})

test('What a plan allows its shoppers does not bind these routes', async () => {
  const plans = [plan({ can_pause: false, can_resume: false, can_cancel: false })]
  const { id } = await store.add(anInlineSubscription({ plans }))
  for (const action of ['pause', 'resume', 'cancel']) expect((await act(id, action)).status).toBe(204)
})
