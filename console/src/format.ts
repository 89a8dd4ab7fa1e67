import { showInvisible } from '../../src/text/invisible'
import type { Attribute } from './api/attributes'
import { minorUnits } from './currencies'

/** Numbers and times for people. The console speaks English, so it formats by English rules everywhere. */

/** More digits than any double needs to differ from its neighbours. */
const allDigits = new Intl.NumberFormat('en', { maximumSignificantDigits: 21 })

/** A number with all of its digits, without rounding: `1,234.5`, `0.0004`, `99.9996`. */
export const decimal = (number: number): string => allDigits.format(number)

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB']

/** Bytes in powers of 1000, as file managers show them: `24.8 kB`. */
export function bytes(number: number): string {
  const exponent = Math.min(Math.floor(Math.log10(Math.max(number, 1)) / 3), UNITS.length - 1)
  const value = number / 1000 ** exponent
  const digits = exponent === 0 || value >= 100 ? 0 : 1
  return `${value.toLocaleString('en', { maximumFractionDigits: digits })} ${number === 1 ? 'byte' : UNITS[exponent]}`
}

/** A share of 1 as a percentage, never rounded up to 100%. */
export const percent = (share: number): string => `${Math.floor(share * 100 + 1e-9)}%`

/** Milliseconds as people say them: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 4 min`. */
export function duration(ms: number): string {
  if (ms < 50) return 'less than 0.1 s'
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
}

const exactFormat = new Intl.DateTimeFormat('en-GB', {
  dateStyle: 'medium',
  timeStyle: 'long',
})
const dayFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' })
const shortFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })

/** `22 Nov 2026, 01:36:57 UTC`, in the browser's time zone. */
export const exactTime = (time: string): string => exactFormat.format(new Date(time))

/** `22 Nov 2026` */
export const day = (time: string): string => dayFormat.format(new Date(time))

/** `22 Nov 2026, 01:36` */
export const shortTime = (time: string): string => shortFormat.format(new Date(time))

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 365 * 24 * 60 * 60],
  ['month', 30 * 24 * 60 * 60],
  ['day', 24 * 60 * 60],
  ['hour', 60 * 60],
  ['minute', 60],
]

/** `3 minutes ago`. What happens within the minute is `just now`: clocks differ by seconds. */
export function relativeTime(time: string, now: number): string {
  const seconds = (Date.parse(time) - now) / 1000
  const [unit, length] = STEPS.find(([, step]) => Math.abs(seconds) >= step) ?? []
  return unit === undefined || length === undefined
    ? 'just now'
    : relative.format(Math.trunc(seconds / length), unit)
}

/**
 * An amount in a currency's smallest unit, as ISO 4217 has it: `€25.00`, `¥900`, `HUF 4,990.00`. If the code
 * is not a currency, its decimals are unknown, so the amount is shown as it is stored.
 */
export function money(amount: number, currency: string): string {
  const decimals = minorUnits(currency)
  if (decimals === undefined) return `${decimal(amount)} smallest units of ${currency}`
  const format = new Intl.NumberFormat('en', {
    style: 'currency',
    currency,
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  })
  // By its digits: division would round amounts beyond 2^53 / 100.
  const digits = String(Math.abs(amount)).padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const text = `${amount < 0 ? '-' : ''}${whole}.${digits.slice(digits.length - decimals) || '0'}`
  return format.format(text as Intl.StringNumericLiteral)
}

const WORDS: Readonly<Record<string, string>> = {
  id: 'ID',
  ref: 'reference',
  refs: 'references',
  sku: 'SKU',
  email: 'e-mail',
}

/** An attribute's name in a sentence: `external_ref` → `external reference`. */
export const phrase = (name: string): string =>
  name
    .split('_')
    .map((word) => WORDS[word] ?? word)
    .join(' ')

/** A record type in a sentence: `subscription_product` → `product`. */
export const typeName = (type: string): string => phrase(type.replace(/^subscription_/, ''))

/** An attribute's name as a heading: `External reference`. */
export const label = (name: string): string => capitalized(phrase(name))

/** A value's name as a heading: that for people, if the document has one. */
export const titleOf = ({ name, schema }: Pick<Attribute, 'name' | 'schema'>): string =>
  schema.title ?? label(name)

/** A text with its invisible characters named, except tabs and line ends. */
export const named = (text: string): string => text.replaceAll(/[^\t\n]+/g, showInvisible)

/** A text to show: one that is all blanks is quoted, so that there is something to read and to click on. */
export function visible(text: string): string {
  const shown = named(text)
  return shown.trim() === '' ? `“${shown}”` : shown
}

/** `products` → `Products` */
export const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)
