import { isUtf8 } from 'node:buffer'
import { recordTypes } from '../records/index.js'
import type { RecordType } from '../records/record-type.js'

/*
 * Most lines of most files are records, written in the usual way. To see that of a line, and of which type it is, takes a
 * walk over its bytes: a fraction of the time of JSON.parse, and nothing for the garbage collector. What the walk does
 * not take is not thereby wrong: `readLine` says what it is.
 */

/** In place of a position: not taken. */
const NO = -1

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** What is nested deeper is left to `readLine`, which has another stack. */
const MAX_DEPTH = 64

/** The objects whose members matter: the line's own, and that of its `data`. */
type Place = 'line' | 'data' | 'elsewhere'

const DATA = Buffer.from('"data"')
const TYPE = Buffer.from('"type"')
const typeNames = recordTypes.map((recordType) => ({ recordType, name: Buffer.from(`"${recordType.type}"`) }))

/** What the walk has come across so far. */
let found: RecordType | undefined
let sawData = false

/**
 * The type of a line that is well-formed JSON (RFC 8259), with a `data` and in it a known `type`, each there once and spelt
 * without escapes. Undefined: the line may still be a record.
 */
export function recognizeRecord(line: Buffer): RecordType | undefined {
  found = undefined
  sawData = false
  const start = skipSpace(line, 0)
  if (line[start] !== OPEN_BRACE) return undefined
  const end = skipObject(line, start, 'line', 1)
  return end !== NO && skipSpace(line, end) === line.length && isUtf8(line) ? found : undefined
}

/** Walks over an object that begins at a place. Returns where it ends, or NO, as the functions below do. */
function skipObject(bytes: Buffer, start: number, place: Place, depth: number): number {
  let at = skipSpace(bytes, start + 1)
  if (bytes[at] === CLOSE_BRACE) return at + 1
  for (;;) {
    const key = at
    const keyEnd = skipString(bytes, key)
    if (keyEnd === NO) return NO
    at = skipSpace(bytes, keyEnd)
    if (bytes[at] !== COLON) return NO
    at = skipSpace(bytes, at + 1)
    at =
      place === 'elsewhere' ? skipValue(bytes, at, depth) : skipMember(bytes, key, keyEnd, at, place, depth)
    if (at === NO) return NO
    at = skipSpace(bytes, at)
    if (bytes[at] === CLOSE_BRACE) return at + 1
    if (bytes[at] !== COMMA) return NO
    at = skipSpace(bytes, at + 1)
  }
}

/** Of the line's members `data` matters, of those of `data` its `type`. A key with an escape might be either. */
function skipMember(
  bytes: Buffer,
  key: number,
  keyEnd: number,
  value: number,
  place: Place,
  depth: number,
): number {
  if (place === 'line' && isAt(bytes, key, keyEnd, DATA)) {
    if (sawData || bytes[value] !== OPEN_BRACE) return NO
    sawData = true
    return skipObject(bytes, value, 'data', depth + 1)
  }
  if (place === 'data' && isAt(bytes, key, keyEnd, TYPE)) {
    const end = skipString(bytes, value)
    if (found || end === NO) return NO
    for (const { recordType, name } of typeNames) if (isAt(bytes, value, end, name)) found = recordType
    return found ? end : NO
  }
  for (let at = key; at < keyEnd; at += 1) if (bytes[at] === BACKSLASH) return NO
  return skipValue(bytes, value, depth)
}

function isAt(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start !== name.length) return false
  for (let at = 0; at < name.length; at += 1) if (bytes[start + at] !== name[at]) return false
  return true
}

function skipValue(bytes: Buffer, at: number, depth: number): number {
  const first = bytes[at]
  if (first === QUOTE) return skipString(bytes, at)
  if (first === OPEN_BRACE) return depth < MAX_DEPTH ? skipObject(bytes, at, 'elsewhere', depth + 1) : NO
  if (first === OPEN_BRACKET) return depth < MAX_DEPTH ? skipArray(bytes, at, depth + 1) : NO
  for (const literal of LITERALS) {
    if (first === literal[0]) return isAt(bytes, at, at + literal.length, literal) ? at + literal.length : NO
  }
  return skipNumber(bytes, at)
}

const LITERALS = [Buffer.from('true'), Buffer.from('false'), Buffer.from('null')]

function skipArray(bytes: Buffer, start: number, depth: number): number {
  let at = skipSpace(bytes, start + 1)
  if (bytes[at] === CLOSE_BRACKET) return at + 1
  for (;;) {
    at = skipValue(bytes, at, depth)
    if (at === NO) return NO
    at = skipSpace(bytes, at)
    if (bytes[at] === CLOSE_BRACKET) return at + 1
    if (bytes[at] !== COMMA) return NO
    at = skipSpace(bytes, at + 1)
  }
}

function skipString(bytes: Buffer, start: number): number {
  if (bytes[start] !== QUOTE) return NO
  const { length } = bytes
  for (let at = start + 1; at < length; at += 1) {
    const byte = bytes[at] as number
    if (byte === QUOTE) return at + 1
    if (byte < 0x20) return NO
    if (byte === BACKSLASH) {
      at = skipEscape(bytes, at + 1)
      if (at === NO) return NO
    }
  }
  return NO
}

const ESCAPED = new Set(Buffer.from('"\\/bfnrt'))
const LOWER_U = 0x75

/** Returns the place of the escape's last byte. */
function skipEscape(bytes: Buffer, at: number): number {
  const byte = bytes[at] ?? 0
  if (ESCAPED.has(byte)) return at
  if (byte !== LOWER_U) return NO
  for (let digit = 1; digit <= 4; digit += 1) if (!isHexDigit(bytes[at + digit] ?? 0)) return NO
  return at + 4
}

const isHexDigit = (byte: number): boolean =>
  isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= 0x39

function skipNumber(bytes: Buffer, start: number): number {
  let at = bytes[start] === MINUS ? start + 1 : start
  // A zero stands alone before the point.
  at = bytes[at] === ZERO ? at + 1 : skipDigits(bytes, at)
  if (at !== NO && bytes[at] === POINT) at = skipDigits(bytes, at + 1)
  if (at !== NO && ((bytes[at] ?? 0) | 0x20) === LOWER_E) {
    const sign = bytes[at + 1]
    at = skipDigits(bytes, sign === PLUS || sign === MINUS ? at + 2 : at + 1)
  }
  return at
}

const LOWER_E = 0x65
const PLUS = 0x2b

/** One digit at least. */
function skipDigits(bytes: Buffer, start: number): number {
  let at = start
  while (isDigit(bytes[at] ?? 0)) at += 1
  return at > start ? at : NO
}

/** JSON's white space; a newline cannot be within a line. */
function skipSpace(bytes: Buffer, start: number): number {
  let at = start
  while (bytes[at] === 0x20 || bytes[at] === 0x09 || bytes[at] === 0x0d) at += 1
  return at
}
