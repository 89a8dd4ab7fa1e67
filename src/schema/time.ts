/** RFC 3339, section 5.6: the date, the time, its fraction of at most nine digits, and the offset. */
const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[Tt]((?:[01]\d|2[0-3]):[0-5]\d):([0-5]\d|60)(?:\.(\d{1,9}))?([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

const SECOND = 1000
const DAY = 86_400_000

/**
 * A time by RFC 3339 in UTC and to the microsecond, as all times are answered: `2017-01-10T11:41:19.244842Z`.
 * Further digits are dropped. A leap second, which only a day in UTC can end with, counts as the second that
 * follows it.
 *
 * @returns undefined: it is not a time, or not one of the years 1 to 9999 in UTC.
 */
export function toUtc(text: string): string | undefined {
  const [, date, minute, second, fraction = '', offset] = DATE_TIME.exec(text) ?? []
  if (!date || !minute || !second || !offset || !isDate(date)) return undefined
  const isLeap = second === '60'
  const digits = isLeap ? '000000' : fraction.slice(0, 6).padEnd(6, '0')
  // A file may have millions: in UTC already, nothing has to be computed.
  if (!isLeap && (offset === 'Z' || offset === 'z')) return `${date}T${minute}:${second}.${digits}Z`
  const whole = Date.parse(`${date}T${minute}:${isLeap ? '59' : second}${offset.toUpperCase()}`)
  const at = new Date(isLeap ? whole + SECOND : whole)
  if (isLeap && at.getTime() % DAY !== 0) return undefined
  const year = at.getUTCFullYear()
  return year >= 1 && year <= 9999 ? `${at.toISOString().slice(0, 19)}.${digits}Z` : undefined
}

/** Whether the day exists in the calendar; JavaScript's own parser reads 30 February as 2 March. */
export function isDate(text: string): boolean {
  const year = Number(text.slice(0, 4))
  const month = Number(text.slice(5, 7))
  const day = Number(text.slice(8, 10))
  // Every month has these.
  if (day <= 28) return year >= 1 && month >= 1 && month <= 12 && day >= 1
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  return year >= 1 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}
