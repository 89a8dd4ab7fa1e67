import { Temporal } from 'temporal-polyfill'

/** How long a plan runs and how often it is billed, in its own unit (contract 8 and 14). */
export interface Terms {
  readonly unit: 'day' | 'week' | 'month' | 'year'
  /** How many units a period between two invoices has. */
  readonly frequency: number
  /** How many units the plan lasts. */
  readonly length: number
  /** How many units come before the first period. */
  readonly trial: number
  /** Whether the subscription closes at the end of the plan; else it continues. */
  readonly closes: boolean
}

/** The last moment that RFC 3339 can write. */
const LAST = Temporal.Instant.from('9999-12-31T23:59:59.999999Z')

/**
 * When the next invoice is due: after the trial, and after the first period if that is paid.
 *
 * @param start RFC 3339, of the period that runs.
 * @returns RFC 3339 in UTC; undefined: beyond the year 9999.
 */
export function invoiceAfter(start: string, terms: Terms, isFirstPaid: boolean): string | undefined {
  return toText(later(startOf(start), terms, terms.trial + (isFirstPaid ? terms.frequency : 0)))
}

/**
 * When a subscription ends: once its plan has run its length, if the plan closes then; and once it is canceled, with the
 * period that was running at that time, whichever comes first.
 *
 * @param start RFC 3339, of the first period.
 * @param canceledAt RFC 3339, if it was canceled.
 * @returns RFC 3339 in UTC; undefined: it does not end, or beyond the year 9999.
 */
export function endDate(start: string, terms: Terms, canceledAt?: string): string | undefined {
  const from = startOf(start)
  const closed = terms.closes ? later(from, terms, terms.length) : undefined
  const canceled =
    canceledAt === undefined ? undefined : endOfPeriod(from, terms, Temporal.Instant.from(canceledAt))
  if (closed === undefined || canceled === undefined) return toText(closed ?? canceled)
  return toText(Temporal.Instant.compare(closed, canceled) <= 0 ? closed : canceled)
}

const startOf = (start: string): Temporal.ZonedDateTime =>
  Temporal.Instant.from(start).toZonedDateTimeISO('UTC')

/**
 * By calendar in UTC, from the original day: where a month is shorter, its last day. So the 31st of January is followed by
 * the 28th of February and the 31st of March.
 */
function later(start: Temporal.ZonedDateTime, { unit }: Terms, count: number): Temporal.Instant | undefined {
  try {
    const instant = start.add({ [`${unit}s`]: count }).toInstant()
    return Temporal.Instant.compare(instant, LAST) <= 0 ? instant : undefined
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** The end of the trial or period that runs at a time; a subscription that has not begun ends as it begins. */
function endOfPeriod(
  start: Temporal.ZonedDateTime,
  terms: Terms,
  at: Temporal.Instant,
): Temporal.Instant | undefined {
  const isOver = (count: number) => {
    const end = later(start, terms, count)
    return end !== undefined && Temporal.Instant.compare(end, at) <= 0
  }
  if (!isOver(0)) return start.toInstant()
  if (!isOver(terms.trial)) return later(start, terms, terms.trial)
  const units = start.until(at.toZonedDateTimeISO('UTC'), { largestUnit: `${terms.unit}s` })[`${terms.unit}s`]
  // Of a day that a shorter month does not have, `until` may count one unit too few.
  let periods = Math.max(0, Math.floor((units - terms.trial) / terms.frequency))
  while (isOver(terms.trial + periods * terms.frequency)) periods += 1
  return later(start, terms, terms.trial + periods * terms.frequency)
}

const toText = (instant: Temporal.Instant | undefined): string | undefined =>
  instant?.toString({ smallestUnit: 'microsecond' })
