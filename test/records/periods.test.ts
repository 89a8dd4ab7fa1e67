import sql, { type Sql } from 'sql-template-tag'
import { describe, expect, test } from 'vitest'
import { rows } from '../../src/db/pool.js'
import { testService } from '../support/service.js'

/** The calendar of subscriptions (contract 14), as the functions of migration 0014 compute it. */
const service = testService()

interface Terms {
  readonly unit: 'day' | 'week' | 'month' | 'year'
  readonly frequency: number
  readonly length: number
  readonly trial: number
  readonly closes: boolean
}

async function computed(expression: Sql): Promise<string | undefined> {
  const [row] = await rows<{ time: string | null }>(service.pool, sql`select ${expression} as time`)
  return row?.time ?? undefined
}

const invoiceAfter = (start: string, { unit, trial, frequency }: Terms, isFirstPaid: boolean) =>
  computed(sql`units_after(${start}, ${unit}, ${trial + (isFirstPaid ? frequency : 0)})`)

const endDate = (start: string, terms: Terms, canceledAt?: string) =>
  computed(sql`subscription_end(
    ${start}, ${terms.unit}, ${terms.trial}, ${terms.frequency}, ${terms.length},
    ${terms.closes ? 'close' : 'roll'}, ${canceledAt ?? null})`)

const monthly: Terms = { unit: 'month', frequency: 1, length: 12, trial: 0, closes: false }
const closing: Terms = { ...monthly, closes: true }

/** `2026-01-31` is that day at noon in UTC. */
const at = (text: string): string => (text.length === 10 ? `${text}T12:00:00.000000Z` : text)

describe('The next invoice is due', () => {
  test.each<[what: string, start: string, terms: Terms, isFirstPaid: boolean, due: string | undefined]>([
    ['at once, if nothing is paid and there is no trial', '2026-01-31', monthly, false, '2026-01-31'],
    ['on the last day of a shorter month', '2026-01-31', monthly, true, '2026-02-28'],
    ['on the last day of February in a leap year', '2028-01-31', monthly, true, '2028-02-29'],
    ['counted from the original day', '2026-01-31', { ...monthly, frequency: 2 }, true, '2026-03-31'],
    ['a year after a leap day', '2028-02-29', { ...monthly, unit: 'year' }, true, '2029-02-28'],
    [
      'four years after a leap day',
      '2028-02-29',
      { ...monthly, unit: 'year', frequency: 4 },
      true,
      '2032-02-29',
    ],
    [
      'weeks later, in the next year',
      '2026-12-28',
      { ...monthly, unit: 'week', frequency: 2 },
      true,
      '2027-01-11',
    ],
    [
      'days later, over a leap day',
      '2028-02-28',
      { ...monthly, unit: 'day', frequency: 10 },
      true,
      '2028-03-09',
    ],
    ['after the trial', '2026-01-31', { ...monthly, trial: 1 }, false, '2026-02-28'],
    [
      'after the trial and the paid period, at one go',
      '2026-01-31',
      { ...monthly, trial: 1 },
      true,
      '2026-03-31',
    ],
    [
      'in UTC, whatever the offset of the start',
      '2026-01-31T23:30:00-02:00',
      monthly,
      true,
      '2026-03-01T01:30:00.000000Z',
    ],
    ['to the microsecond', '2026-01-15T00:00:00.123456Z', monthly, true, '2026-02-15T00:00:00.123456Z'],
    ['never, beyond the year 9999', '2026-01-15', { ...monthly, frequency: 100_000 }, true, undefined],
    [
      'never, if nobody can count that far',
      '2026-01-15',
      { ...monthly, trial: 2 ** 53 - 1 },
      true,
      undefined,
    ],
  ])('%s', async (_, start, terms, isFirstPaid, due) => {
    expect(await invoiceAfter(at(start), terms, isFirstPaid)).toBe(due && at(due))
  })
})

describe('A subscription ends', () => {
  test.each<
    [what: string, start: string, terms: Terms, canceledAt: string | undefined, end: string | undefined]
  >([
    ['never, if its plan continues', '2026-01-31', monthly, undefined, undefined],
    ['with its plan, if that closes', '2026-01-31', { ...closing, length: 13 }, undefined, '2027-02-28'],
    ['with the period in which it is canceled', '2026-01-31', monthly, '2026-03-01', '2026-03-31'],
    [
      'a period later, if canceled in the moment in which one begins',
      '2026-01-31',
      monthly,
      '2026-02-28',
      '2026-03-31',
    ],
    [
      'right then, if canceled just before',
      '2026-01-31',
      monthly,
      '2026-02-28T11:59:59.999999Z',
      '2026-02-28',
    ],
    ['with its trial, if canceled in it', '2026-01-10', { ...monthly, trial: 2 }, '2026-01-11', '2026-03-10'],
    [
      'with the first period after its trial',
      '2026-01-10',
      { ...monthly, trial: 2 },
      '2026-03-10',
      '2026-04-10',
    ],
    [
      'with a period of several units',
      '2026-01-31',
      { ...monthly, frequency: 3 },
      '2026-05-01',
      '2026-07-31',
    ],
    ['as it begins, if canceled before', '2026-05-01', monthly, '2026-03-01', '2026-05-01'],
    [
      'with its plan, if that closes before the period ends',
      '2026-01-10',
      { ...closing, frequency: 5, length: 12 },
      '2027-01-01',
      '2027-01-10',
    ],
    ['with the period, if that ends before the plan', '2026-01-10', closing, '2026-02-01', '2026-02-10'],
    ['never, beyond the year 9999', '2026-01-10', { ...closing, length: 2 ** 53 - 1 }, undefined, undefined],
  ])('%s', async (_, start, terms, canceledAt, end) => {
    expect(await endDate(at(start), terms, canceledAt && at(canceledAt))).toBe(end && at(end))
  })

  test('wherever the session is: clocks that are put forward there change nothing', async () => {
    const client = await service.pool.connect()
    try {
      await client.query("set timezone = 'America/New_York'")
      // Both days on which its clocks change, compared by the server, since the session writes no UTC.
      const [row] = await rows<{ spring: boolean; autumn: boolean }>(
        client,
        sql`
          select units_after('2026-02-08T07:30:00Z', 'month', 1) = '2026-03-08T07:30:00Z' as spring,
                 units_after('2026-10-01T06:30:00Z', 'day', 31) = '2026-11-01T06:30:00Z' as autumn`,
      )
      expect(row).toEqual({ spring: true, autumn: true })
    } finally {
      await client.query('reset timezone')
      client.release()
    }
  })

  test('with the first end of a trial or period that is later, for thousands of starts and moments', async () => {
    const [row] = await rows<{ wrong: number }>(
      service.pool,
      sql`
        select count(*) as wrong
        from (values ('day', 5), ('week', 2), ('month', 1), ('month', 5), ('year', 1), ('year', 3)) as terms(unit, frequency)
        cross join generate_series(0, 3) as trial
        cross join generate_series(timestamptz '2024-01-29 10:00+00', '2024-03-02', '3 days') as start
        cross join generate_series(timestamptz '2024-01-15 10:00+00', '2029-03-15', '97 days 1 hour') as moment
        cross join lateral (
          select period_end(start, unit, trial, frequency, moment) as found,
                 (select min(units_after(start, unit, units))
                  from (select 0 union all select trial + n * frequency from generate_series(0, 400) as n) as u(units)
                  where units_after(start, unit, units) > moment) as due
        ) as ends
        where found is distinct from due`,
    )
    expect(row).toEqual({ wrong: 0 })
  })
})
