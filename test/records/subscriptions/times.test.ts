import { describe, expect, test } from 'vitest'
import type { RecordResource } from '../../support/api.js'
import { anInlineSubscription, aPlan, file } from '../../support/builders.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const store = newStoreEach(service)

const LIST = '/subscriptions/subscriptions'

type Attributes = Readonly<Record<string, unknown>>

describe('A time is kept', () => {
  test.each([
    ['2024-01-31T12:00:00Z', '2024-01-31T12:00:00.000000Z'],
    ['2024-01-31t12:00:00z', '2024-01-31T12:00:00.000000Z'],
    ['2024-01-31T12:00:00.1Z', '2024-01-31T12:00:00.100000Z'],
    ['2024-01-31T12:00:00.123456Z', '2024-01-31T12:00:00.123456Z'],
    ['2024-01-31T12:00:00.123456789Z', '2024-01-31T12:00:00.123456Z'],
    ['2024-01-31T23:59:59.9999999+00:00', '2024-01-31T23:59:59.999999Z'],
    ['2024-03-01T00:00:00+23:59', '2024-02-29T00:01:00.000000Z'],
    ['2024-12-31T23:59:59-00:01', '2025-01-01T00:00:59.000000Z'],
    ['2024-03-10T02:30:00-05:00', '2024-03-10T07:30:00.000000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000000Z'],
    ['0099-03-01T00:00:00Z', '0099-03-01T00:00:00.000000Z'],
    ['1582-10-10T00:00:00Z', '1582-10-10T00:00:00.000000Z'],
    [
      '1990-12-31T23:59:60Z',
      expect.stringMatching(/^199(0-12-31T23:59:59\.\d{6}|1-01-01T00:00:00\.000000)Z$/),
    ],
  ])('%s as the moment that it is in UTC', async (time, kept) => {
    const line = anInlineSubscription({ paused_at: time })
    await store.import(file(line))
    const { data } = (await store.get(LIST)).body
    expect(data[0].meta.timestamps.paused_at).toEqual(kept)
    const posted = (await store.post(LIST, line)).body.data
    expect(posted.meta.timestamps.paused_at).toEqual(kept)
  })

  test('in the years far ahead, when it goes live', async () => {
    for (const time of ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999-00:00']) {
      const { meta } = await store.add(anInlineSubscription({ pending: true, go_live_after: time }))
      expect(meta.timestamps).toMatchObject({ go_live_after: '9999-12-31T23:59:59.999999Z' })
    }
  })
})

describe('What time alone changes', () => {
  /** How long a subscription stays as it was created: long enough to be seen, by a slow machine too. */
  const SOON_MS = 4_000
  const DAY_MS = 86_400_000

  const soon = async () => Date.parse((await service.pool.query('select now() as now')).rows[0].now) + SOON_MS
  const toText = (time: number) => new Date(time).toISOString()
  const daily = [
    aPlan({ billing_interval_type: 'day', plan_length: 1, end_behavior: 'close' }).data.attributes,
  ]
  const rolling = [aPlan({ billing_interval_type: 'day' }).data.attributes]

  interface Case {
    readonly name: string
    /** Attributes by which it happens at this time, in ms since 1970. */
    readonly at: (time: number) => Attributes
    /** What `meta` has. */
    readonly before: Attributes
    readonly after: Attributes
  }

  const cases: readonly Case[] = [
    {
      name: 'goes live',
      at: (time) => ({ pending: true, go_live_after: toText(time) }),
      before: { status: 'inactive', pending: true },
      after: { status: 'active', pending: false },
    },
    {
      name: 'is closed by its plan',
      at: (time) => ({ plans: daily, first_invoice_paid: true, started_at: toText(time - DAY_MS) }),
      before: { status: 'active', closed: false },
      after: { status: 'inactive', closed: true },
    },
    {
      name: 'was canceled, and its period ends',
      at: (time) => ({
        plans: rolling,
        first_invoice_paid: true,
        started_at: toText(time - DAY_MS),
        canceled_at: toText(time - DAY_MS / 2),
      }),
      before: { status: 'active', canceled: true, closed: false },
      after: { status: 'inactive', canceled: true, closed: false },
    },
  ]

  /** The names of what the filter finds, which has to show that status. */
  const named = async (status: string) => {
    const { body } = await store.get(`${LIST}?filter=eq(status,${status})`)
    for (const { meta } of body.data) expect(meta.status).toBe(status)
    return body.data.map(({ attributes }: RecordResource) => attributes.name).reverse()
  }

  const expected = (when: 'before' | 'after', status: string) =>
    cases.filter((one) => one[when].status === status).map(({ name }) => name)

  test('is shown and filtered without a write', async () => {
    const time = await soon()
    await store.import(file(...cases.map(({ name, at }) => anInlineSubscription({ name, ...at(time) }))))
    const created = (await store.get(LIST)).body.data.reverse()
    for (const status of ['active', 'inactive']) {
      expect(await named(status)).toEqual(expected('before', status))
    }
    for (const status of ['active', 'inactive']) {
      await expect.poll(() => named(status)).toEqual(expected('after', status))
    }
    const { data } = (await store.get(LIST)).body
    for (const [index, one] of data.reverse().entries()) {
      expect(created[index].meta).toMatchObject(cases[index]?.before ?? {})
      expect(one.meta).toMatchObject(cases[index]?.after ?? {})
      expect(one.attributes).toEqual(created[index].attributes)
      expect(one.meta.timestamps).toMatchObject(created[index].meta.timestamps)
      expect(one.meta.invoice_after).toBe(created[index].meta.invoice_after)
    }
    expect(created[0].meta.timestamps).not.toHaveProperty('go_live')
    expect(data[0].meta.timestamps.go_live).toBe(data[0].meta.timestamps.go_live_after)
  })
})
