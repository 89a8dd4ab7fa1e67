import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Api } from '../../support/api.js'
import { anInlineSubscription, aPlan, file, type RecordLine } from '../../support/builders.js'
import { testService } from '../../support/service.js'
import { DAY, endOf, later, toText } from './calendar-oracle.js'

/*
 * Where the clocks of the machine change twice a year: nothing may depend on its time zone, by contract 14
 * everything is by calendar in UTC.
 */
const service = testService({ TZ: 'America/New_York', PGTZ: 'America/New_York' })
let store: Api
beforeEach(async () => {
  store = await service.addStore()
})

const LIST = '/subscriptions/subscriptions'

type Attributes = Readonly<Record<string, unknown>>

/** `2024-01-31` is that day at noon in UTC. */
const at = (text: string) => (text.length === 10 ? `${text}T12:00:00.000000Z` : text)

interface Case {
  readonly title: string
  readonly plan: Attributes
  readonly subscription: Attributes
  readonly invoiceAfter: string | null
  readonly endDate?: string
}

const paidSince = (start: string): Attributes => ({ first_invoice_paid: true, started_at: at(start) })
const liveSince = (start: string): Attributes => ({ pending: true, go_live_after: at(start) })
const canceled = (start: string, time: string) => ({ ...paidSince(start), canceled_at: at(time) })

const months = (frequency: number, more: Attributes = {}): Attributes => ({
  billing_frequency: frequency,
  ...more,
})
const weeks = (frequency: number, more: Attributes = {}): Attributes => ({
  billing_interval_type: 'week',
  ...months(frequency, more),
})
const days = (frequency: number, more: Attributes = {}): Attributes => ({
  billing_interval_type: 'day',
  ...months(frequency, more),
})
const years = (frequency: number, more: Attributes = {}): Attributes => ({
  billing_interval_type: 'year',
  ...months(frequency, more),
})
const closing = (length: number): Attributes => ({ end_behavior: 'close', plan_length: length })

const calendar: readonly Case[] = [
  // The end of a month
  ['the last day of a shorter month', months(1), paidSince('2023-01-31'), '2023-02-28'],
  ['the last day of February in a leap year', months(1), paidSince('2024-01-31'), '2024-02-29'],
  ['the original day, once a month has it again', months(2), paidSince('2023-01-31'), '2023-03-31'],
  ['the 30th of a month that has no 31st', months(3), paidSince('2023-01-31'), '2023-04-30'],
  ['the same day of the next year', months(12), paidSince('2023-08-31'), '2024-08-31'],
  ['February, from the 30th of November', months(3), paidSince('2023-11-30'), '2024-02-29'],
  // Leap days
  ['the 28th of February, a year after a leap day', years(1), paidSince('2024-02-29'), '2025-02-28'],
  ['the next leap day, after four years', years(4), paidSince('2020-02-29'), '2024-02-29'],
  [
    'the 29th of February, a month after the 29th of January',
    months(1),
    paidSince('2024-01-29'),
    '2024-02-29',
  ],
  ['the 28th of February in 2100, which is no leap year', years(80), paidSince('2020-02-29'), '2100-02-28'],
  ['days counted over a leap day', days(10), paidSince('2024-02-25'), '2024-03-06'],
  // Weeks
  ['weeks counted over the end of a year', weeks(2), paidSince('2023-12-25'), '2024-01-08'],
  ['a year of weeks, which is a day or two short', weeks(52), paidSince('2024-01-01'), '2024-12-30'],
  ['weeks counted over a leap day', weeks(1), paidSince('2024-02-26'), '2024-03-04'],
  // Trials
  ['at once, if nothing is paid and there is no trial', months(1), liveSince('2024-01-31'), '2024-01-31'],
  ['after the trial', months(1, { trial_period: 1 }), liveSince('2024-01-31'), '2024-02-29'],
  [
    'after the trial and the paid period, from the original day',
    months(1, { trial_period: 1 }),
    paidSince('2024-01-31'),
    '2024-03-31',
  ],
  ['after a trial of several units', weeks(4, { trial_period: 3 }), paidSince('2024-01-01'), '2024-02-19'],
  ['at once, with a trial of 0', months(1, { trial_period: 0 }), liveSince('2024-01-31'), '2024-01-31'],
  [
    'after the period that is paid before it goes live',
    months(1),
    { ...liveSince('2024-01-31'), first_invoice_paid: true },
    '2024-02-29',
  ],
  // Ends
  [
    'and not ended, where the plan rolls',
    months(1, { plan_length: 1 }),
    paidSince('2024-01-31'),
    '2024-02-29',
  ],
  [
    'and ended after the plan’s length',
    months(1, closing(13)),
    paidSince('2023-01-31'),
    '2023-02-28',
    '2024-02-29',
  ],
  ['and ended, by weeks', weeks(1, closing(3)), paidSince('2023-12-25'), '2024-01-01', '2024-01-15'],
  [
    'and ended a year after a leap day',
    years(1, closing(1)),
    paidSince('2024-02-29'),
    '2025-02-28',
    '2025-02-28',
  ],
  [
    'and ended with the period that ran as it was canceled',
    months(1),
    canceled('2024-01-31', '2024-03-15'),
    '2024-02-29',
    '2024-03-31',
  ],
  [
    'and ended with a period of several units',
    months(3),
    canceled('2023-11-30', '2024-02-29T11:59:59.999999Z'),
    '2024-02-29',
    '2024-02-29',
  ],
  [
    'and ended a period later, if canceled as that began',
    months(3),
    canceled('2023-11-30', '2024-02-29T12:00:00Z'),
    '2024-02-29',
    '2024-05-30',
  ],
  [
    'and ended with the plan, if that is before the period’s end',
    months(6, closing(7)),
    canceled('2023-01-31', '2023-08-01'),
    '2023-07-31',
    '2023-08-31',
  ],
  [
    'and ended as it began, if canceled before',
    months(1),
    { ...liveSince('2024-05-01'), canceled_at: at('2024-03-01') },
    '2024-05-01',
    '2024-05-01',
  ],
  // Zones and their offsets
  [
    'by the day in UTC, not by that of the offset',
    months(1),
    paidSince('2024-01-30T23:30:00-02:00'),
    '2024-02-29T01:30:00.000000Z',
  ],
  [
    'by the day in UTC, of an offset that is ahead',
    months(1),
    paidSince('2024-03-01T00:30:00+05:45'),
    '2024-03-29T18:45:00.000000Z',
  ],
  [
    'at the same time of day, though clocks here are put forward',
    months(1),
    paidSince('2024-02-10T07:30:00Z'),
    '2024-03-10T07:30:00.000000Z',
  ],
  [
    'at the same time of day, though clocks here are put back',
    days(1),
    paidSince('2024-11-02T05:30:00Z'),
    '2024-11-03T05:30:00.000000Z',
  ],
  [
    'on the last day in UTC, which is not yet that here',
    months(1),
    paidSince('2024-01-31T02:00:00Z'),
    '2024-02-29T02:00:00.000000Z',
  ],
  // Precision and limits
  [
    'to the microsecond, of which there are no more',
    months(1),
    paidSince('2024-01-15T00:00:00.123456499Z'),
    '2024-02-15T00:00:00.123456Z',
  ],
  [
    'a day after the first one that there is, and ended more than two thousand years later',
    days(1),
    canceled('0001-01-01T00:00:00Z', '2024-03-15T06:00:00Z'),
    '0001-01-02T00:00:00.000000Z',
    '2024-03-16T00:00:00.000000Z',
  ],
  [
    'a month after the first day that there is, and ended by calendar more than two thousand years later',
    months(7),
    canceled('0001-01-31T00:00:00Z', '2024-03-15T06:00:00Z'),
    '0001-08-31T00:00:00.000000Z',
    '2024-08-31T00:00:00.000000Z',
  ],
  [
    'never, in a period that is longer than anybody can count',
    days(2 ** 53 - 1, { trial_period: 2 ** 53 - 1 }),
    canceled('2024-01-15', '2024-02-15'),
    null,
  ],
  ['never, beyond the year 9999', months(100_000), paidSince('2024-01-15'), null],
  [
    'and never ended, beyond the year 9999',
    months(1, closing(2 ** 53 - 1)),
    paidSince('2024-01-15'),
    '2024-02-15',
  ],
].map(([title, plan, subscription, invoiceAfter, endDate]) => ({
  title,
  plan,
  subscription,
  invoiceAfter,
  endDate,
})) as Case[]

describe('An invoice is due', () => {
  interface Meta {
    readonly invoice_after: string | null
    readonly timestamps: { readonly end_date?: string }
  }
  const imported = new Map<string, Meta>()
  const lineOf = ({ title, plan, subscription }: Case) =>
    anInlineSubscription({ ...subscription, name: title, plans: [aPlan(plan).data.attributes] })

  beforeEach(async () => {
    if (imported.size > 0) return
    const { id } = await store.import(file(...calendar.map(lineOf)))
    expect(await store.errors(id)).toEqual([])
    for (const { data } of await store.pages(`${LIST}?page[limit]=100`)) {
      for (const { attributes, meta } of data) imported.set(attributes.name, meta)
    }
  })

  test.each(calendar.map((one) => [one.title, one] as const))('%s', async (title, one) => {
    const posted = (await store.post(LIST, lineOf(one))).body.data.meta
    for (const meta of [imported.get(title), posted]) {
      expect(shown(meta)).toEqual({
        invoiceAfter: one.invoiceAfter && at(one.invoiceAfter),
        endDate: one.endDate && at(one.endDate),
      })
    }
  })

  const shown = (meta: Meta | undefined) => ({
    invoiceAfter: meta?.invoice_after,
    endDate: meta?.timestamps.end_date,
  })
})

/** From 1999 to 2024: the last days of months more often than others. */
const starts = fc
  .tuple(
    fc.integer({ min: 0, max: 26 * 12 - 1 }),
    fc.oneof(fc.integer({ min: 1, max: 31 }), fc.integer({ min: -3, max: 0 })),
    fc.constantFrom(0, 1, DAY / 4, DAY / 2 + 999, DAY - 1),
  )
  .map(([month, day, time]) => Date.UTC(1999, month, day) * 1000 + time)

const businesses = fc.record({
  terms: fc.record({
    unit: fc.constantFrom('day', 'week', 'month', 'year'),
    frequency: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 60 })),
    length: fc.integer({ min: 1, max: 60 }),
    trial: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 })),
    closes: fc.boolean(),
    start: starts,
  }),
  isPaid: fc.boolean(),
  isPaused: fc.boolean(),
  /** About which period's end it is canceled, and how near to that. */
  canceled: fc.option(
    fc.record({
      period: fc.integer({ min: -1, max: 30 }),
      microseconds: fc.constantFrom(-1, 0, 1, DAY, -40 * DAY),
    }),
  ),
})

test('Any invoice is due, and any subscription ends, as the calendar has it; its status follows, and filters agree', async () => {
  const now = Date.now() * 1000 - DAY
  const lines: RecordLine[] = []
  const expected: unknown[] = []
  for (const { terms, isPaid, isPaused, canceled } of fc.sample(businesses, 400)) {
    const { unit, frequency, length, trial, closes, start } = terms
    const near =
      canceled && later(terms, Math.max(0, trial + canceled.period * frequency)) + canceled.microseconds
    const canceledAt = near !== null && near < now ? near : undefined
    const plan = {
      billing_interval_type: unit,
      billing_frequency: frequency,
      plan_length: length,
      trial_period: trial,
      end_behavior: closes ? 'close' : 'roll',
    }
    const subscription = {
      ...(isPaid ? paidSince(toText(start)) : liveSince(toText(start))),
      canceled_at: canceledAt === undefined ? undefined : toText(canceledAt),
      paused_at: isPaused ? toText(start) : undefined,
    }
    const name = JSON.stringify({ plan, subscription })
    lines.push(anInlineSubscription({ ...subscription, name, plans: [aPlan(plan).data.attributes] }))
    const end = endOf(terms, canceledAt)
    expected.push({
      name,
      invoiceAfter: toText(later(terms, trial + (isPaid ? frequency : 0))),
      endDate: end === undefined ? undefined : toText(end),
      status: isPaused || (end !== undefined && end < now) ? 'inactive' : 'active',
    })
  }
  expect((await store.import(file(...lines))).meta.errors).toBe(0)
  const pages = await store.pages(`${LIST}?page[limit]=100`)
  const found = pages.flatMap(({ data }) => data).reverse()
  expect(
    found.map(({ attributes: { name }, meta }) => ({
      name,
      invoiceAfter: meta.invoice_after,
      endDate: meta.timestamps.end_date,
      status: meta.status,
    })),
  ).toEqual(expected)
  for (const status of ['active', 'inactive']) {
    const filtered = await store.pages(`${LIST}?page[limit]=100&filter=eq(status,${status})`)
    const shown = found.toReversed().filter(({ meta }) => meta.status === status)
    expect(filtered.flatMap(({ data }) => data)).toEqual(shown)
  }
})

test('The calendar is computed in a session without a search_path, as when a dump is restored', async () => {
  const { endDate, ...line } = { endDate: '2023-03-31', ...canceled('2023-01-31', '2023-03-01') }
  await store.import(file(anInlineSubscription(line)))
  const client = await service.pool.connect()
  try {
    const { rows: before } = await client.query('select current_schema() as schema')
    await client.query("begin; set local search_path to ''")
    const { rows } = await client.query(
      `update "${before[0].schema}".subscriptions set canceled_at = canceled_at returning end_date`,
    )
    expect(rows).toContainEqual({ end_date: at(endDate) })
  } finally {
    await client.query('rollback')
    client.release()
  }
})
