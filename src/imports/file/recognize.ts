import { isUtf8 } from 'node:buffer'
import {
  BACKSLASH,
  CLOSE_BRACE,
  COMMA,
  isAt,
  NO,
  OPEN_BRACE,
  QUOTE,
  skipName,
  skipSpace,
  skipString,
  skipValue,
} from '../../json/walk.js'
import { recordTypes } from '../../records/index.js'
import { BLANK, type BlankLine, type RecordLine } from './content.js'

/** The objects whose members matter: the line's own, and that of its `data`. */
type Place = 'line' | 'data'

const DATA = Buffer.from('"data"')
const TYPE = Buffer.from('"type"')
const knownLines = recordTypes.map((recordType) => ({
  line: { kind: 'record', recordType, attributes: undefined } as const,
  name: Buffer.from(`"${recordType.type}"`),
}))
const lineOf = new Map<string, RecordLine>(knownLines.map(({ line }) => [line.recordType.type, line]))

/** The record that the walk has come across, by the type in the last `data` so far. */
let found: RecordLine | undefined

/**
 * What a line is, and of which type if it is a record, by a walk over its bytes: the parser would say the
 * same, but takes several times as long, and a hundred milliseconds for a line made to that end.
 *
 * @returns undefined if it is no record
 */
export function recognize(line: Buffer): RecordLine | BlankLine | undefined {
  found = undefined
  const start = skipSpace(line, 0)
  if (start === line.length) return BLANK
  const end = line[start] === OPEN_BRACE ? skipObject(line, start, 'line') : skipValue(line, start)
  const isJson = end !== NO && skipSpace(line, end) === line.length && isUtf8(line)
  return isJson ? found : undefined
}

/**
 * Walks over an object that starts at a position. Returns where it ends, or NO, as all of these functions do.
 */
function skipObject(bytes: Buffer, start: number, place: Place): number {
  let at = skipSpace(bytes, start + 1)
  if (bytes[at] === CLOSE_BRACE) return at + 1
  for (;;) {
    const value = skipName(bytes, at)
    if (value === NO) return NO
    at = skipMember(bytes, at, value, place)
    if (at === NO) return NO
    at = skipSpace(bytes, at)
    if (bytes[at] === CLOSE_BRACE) return at + 1
    if (bytes[at] !== COMMA) return NO
    at = skipSpace(bytes, at + 1)
  }
}

/**
 * Of the line's members only `data` matters, and of its members only `type`. The last of a repeated member
 * counts.
 */
function skipMember(bytes: Buffer, name: number, value: number, place: Place): number {
  if (place === 'line') {
    if (!isNamed(bytes, name, DATA)) return skipValue(bytes, value)
    found = undefined
    return bytes[value] === OPEN_BRACE ? skipObject(bytes, value, 'data') : skipValue(bytes, value)
  }
  if (!isNamed(bytes, name, TYPE)) return skipValue(bytes, value)
  found = undefined
  if (bytes[value] !== QUOTE) return skipValue(bytes, value)
  const end = skipString(bytes, value)
  if (end !== NO) found = lineOfType(bytes, value, end)
  return end
}

/** Whether the string at a position is this one, which is given with its quotes. */
function isNamed(bytes: Buffer, start: number, name: Buffer): boolean {
  for (let at = 0; at < name.length; at += 1) {
    const byte = bytes[start + at]
    if (byte === BACKSLASH) return unescaped(bytes, start, skipString(bytes, start)) === name.toString()
    if (byte !== name[at]) return false
  }
  return true
}

function lineOfType(bytes: Buffer, start: number, end: number): RecordLine | undefined {
  for (const { line, name } of knownLines) if (isAt(bytes, start, end, name)) return line
  const text = unescaped(bytes, start, end)
  return text === undefined ? undefined : lineOf.get(text.slice(1, -1))
}

/** The length of the longest name that matters, each of its characters written as six. */
const LONGEST = Math.max(...knownLines.map(({ name }) => name.length)) * 6

/** A string with its escapes resolved and its quotes kept, unless it is too long to matter. */
function unescaped(bytes: Buffer, start: number, end: number): string | undefined {
  if (end - start > LONGEST || !bytes.subarray(start, end).includes(BACKSLASH)) return undefined
  return `"${JSON.parse(bytes.toString('utf8', start, end))}"`
}
