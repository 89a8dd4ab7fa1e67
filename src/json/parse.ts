import { quotable } from '../text/invisible.js'

/** A JSON object, as opposed to a list or `null`. */
export type JsonObject = Record<string, unknown>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The parser's own message, without the copy of the line that it appends. It counts from 0 and, from Node 22
 * on, adds "(line 1 column 8)": for a line of a file that is always line 1, which would be misleading. Where
 * it points at an invisible character, that is named.
 *
 * @param text what was parsed
 */
export const whyNotJson = ({ message }: SyntaxError, text: string): string =>
  message
    .replace(/, (\.\.\.)?".*is not valid JSON$/s, '')
    .replace(/ \(line \d+ column \d+\)$/, '')
    .replace(/ in JSON (?=at position \d+$)/, ' ')
    .replace(/ after JSON (?=at position \d+$)/, ' after the value ')
    .replace(
      /at position (\d+)$/,
      (_, position) => `at character ${Number(position) + 1}${invisibleAt(text, Number(position))}`,
    )

function invisibleAt(text: string, position: number): string {
  const character = String.fromCodePoint(text.codePointAt(position) ?? SPACE)
  const name = quotable(character)
  return name === character ? '' : `, which is ${name}`
}

const SPACE = 0x20

/**
 * Parses JSON like `JSON.parse`, except for numbers that a double would silently alter (contract 7): they
 * become `-Infinity`, and those too large for a double become `Infinity`, whatever their sign. No attribute
 * may be either, so the validator reports the problem, and only for attributes that it knows.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return mayAlter(text) ? JSON.parse(markAltered(text)) : value
}

/**
 * A number literal with a point, an exponent or more than 15 digits; or what looks like one within a text.
 */
const UNUSUAL = /(?:"[ \t\r\n]*:|[[,])[ \t\r\n]*-?(?:\d+[.eE]|\d{16})/

const NUMBER = /(-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?)/y
const NUMBERS = new RegExp(`(?:"[ \\t\\r\\n]*:|[[,])[ \\t\\r\\n]*${NUMBER.source}`, 'g')

/**
 * Whether a literal, or what looks like one within a text, is altered. On most lines this costs one regular
 * expression.
 */
function mayAlter(json: string): boolean {
  if (!UNUSUAL.test(json)) return false
  for (const literal of json.matchAll(NUMBERS)) if (markOf(literal)) return true
  return false
}

const TOO_LARGE = '1e999'
const ALTERED = '-1e999'

/** Replaces, in well-formed JSON, the number literals that a double cannot hold. */
function markAltered(json: string): string {
  let marked = ''
  let kept = 0
  for (let at = 0; at < json.length; ) {
    const first = json.charCodeAt(at)
    if (first === QUOTE) at = endOfText(json, at)
    else if (first === MINUS || isDigit(first)) {
      NUMBER.lastIndex = at
      const literal = NUMBER.exec(json)
      const instead = literal && markOf(literal)
      if (instead) {
        marked += json.slice(kept, at) + instead
        kept = NUMBER.lastIndex
      }
      at = NUMBER.lastIndex
    } else at += 1
  }
  return kept === 0 ? json : marked + json.slice(kept)
}

const QUOTE = 0x22
const MINUS = 0x2d
const BACKSLASH = 0x5c
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

/** The position after the text that starts at a quote. */
function endOfText(json: string, start: number): number {
  let at = start + 1
  for (let code = json.charCodeAt(at); code !== QUOTE; code = json.charCodeAt(at)) {
    at += code === BACKSLASH ? 2 : 1
  }
  return at + 1
}

/** A double distinguishes all decimals with this many significant digits (IEEE 754; C's `DBL_DIG`). */
const EXACT_DIGITS = 15

/** Closer to 0, a double has fewer digits. */
const SMALLEST_NORMAL = 2 ** -1022

/** The replacement for a number literal that a double alters; undefined if a double holds it. */
function markOf([, literal, whole = '', fraction = '', exponent = '0']: RegExpExecArray): string | undefined {
  if (whole.length + fraction.length <= EXACT_DIGITS && exponent === '0') return undefined
  const size = Math.abs(Number(literal))
  if (size === Number.POSITIVE_INFINITY) return TOO_LARGE
  // Whatever its digits, it is beyond every limit.
  if (size > Number.MAX_SAFE_INTEGER) return undefined
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  const significant = withoutLastZeros(digits)
  if (significant === '') return undefined
  if (significant.length <= EXACT_DIGITS && size >= SMALLEST_NORMAL) return undefined
  // The power of ten of its last significant digit: a safe integer is exact.
  const isInteger = Number(exponent) - fraction.length + (digits.length - significant.length) >= 0
  return isInteger ? undefined : ALTERED
}

/** Not a regular expression, which would walk over zeros in the middle again from each of them. */
function withoutLastZeros(digits: string): string {
  let end = digits.length
  while (digits[end - 1] === '0') end -= 1
  return digits.slice(0, end)
}
