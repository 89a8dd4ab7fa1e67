import { isDate } from '../../schema/time.js'

const MILLISECONDS = /^-?\d{1,14}$/
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/
// RFC 3339, section 5.6. A "+" that was not escaped in the URL arrives as a space.
const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[Tt ]((?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d{1,9})?)([Zz]|[+ -](?:0\d|1[0-5]):[0-5]\d)$/

/**
 * A time in a form that PostgreSQL reads, with all of its digits; undefined: it is not a time. A date stands
 * for its first moment in UTC.
 */
export function toTimestamp(value: string): string | undefined {
  if (MILLISECONDS.test(value)) {
    const date = new Date(Number(value))
    return date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999 ? date.toISOString() : undefined
  }
  if (DATE.test(value)) return isDate(value) ? `${value}T00:00:00Z` : undefined
  const [, date, time, zone] = DATE_TIME.exec(value) ?? []
  if (!date || !time || !zone || !isDate(date)) return undefined
  // PostgreSQL reads 23:59:60 as the next day, and accepts nothing beyond it.
  return `${date}T${time.replace(/:60\.\d+$/, ':60')}${zone.replace(' ', '+').toUpperCase()}`
}
