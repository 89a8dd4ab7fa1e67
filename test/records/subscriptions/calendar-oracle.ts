/*
 * An oracle for any subscription. Its times are whole microseconds since 1970; it adds units to the start and
 * walks from period to period.
 */
export const DAY = 86_400_000_000
const DAYS = { day: 1, week: 7 }
const MONTHS = { month: 1, year: 12 }

export interface Terms {
  readonly unit: keyof typeof DAYS | keyof typeof MONTHS
  readonly frequency: number
  readonly length: number
  readonly trial: number
  readonly closes: boolean
  readonly start: number
}

export function later({ start, unit }: Terms, units: number): number {
  if (unit === 'day' || unit === 'week') return start + units * DAYS[unit] * DAY
  const day = new Date(Math.floor(start / 1000))
  const [year, month] = [day.getUTCFullYear(), day.getUTCMonth() + units * MONTHS[unit]]
  const lastOfMonth = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return Date.UTC(year, month, Math.min(day.getUTCDate(), lastOfMonth)) * 1000 + (start % DAY)
}

/** The end of the trial or of the period that runs at a time. */
function endOfPeriod(terms: Terms, moment: number): number {
  if (moment < terms.start) return terms.start
  let units = terms.trial
  while (later(terms, units) <= moment) units += terms.frequency
  return later(terms, units)
}

/** When a subscription ends: with its plan, if that closes, or with the period in which it is canceled. */
export function endOf(terms: Terms, canceled: number | undefined): number | undefined {
  const ends = [
    ...(terms.closes ? [later(terms, terms.length)] : []),
    ...(canceled === undefined ? [] : [endOfPeriod(terms, canceled)]),
  ]
  return ends.length > 0 ? Math.min(...ends) : undefined
}

export const toText = (time: number) =>
  new Date(Math.floor(time / 1000)).toISOString().replace('Z', `${String(time % 1000).padStart(3, '0')}Z`)
