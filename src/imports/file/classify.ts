import { isUtf8 } from 'node:buffer'
import { isObject, parseJson, whyNotJson } from '../../json/parse.js'
import { withoutDepths } from '../../json/walk.js'
import { recordTypeOf, recordTypes } from '../../records/index.js'
import type { RecordType } from '../../records/record-type.js'
import type { Problem, ProblemCode } from '../../schema/problem.js'
import { excerpt } from '../../text/text.js'
import { BLANK, type LineContent } from './content.js'
import type { Line } from './lines.js'
import { recognize } from './recognize.js'

/** The records whose attributes are wanted. */
export interface Wanted {
  readonly types: ReadonlySet<RecordType>
  /** Names of other types, with their quotes: a line with one of these is looked at before it is parsed. */
  readonly otherNames: readonly Buffer[]
}

/** Nothing but what each line is. No line is parsed. */
export const NO_ATTRIBUTES: Wanted = { types: new Set(), otherNames: [] }

/**
 * Says what a line is: everything that reads a file agrees on each line, since this decides for all. A line
 * is parsed where its attributes are wanted; elsewhere a walk over its bytes finds the same in a fraction of
 * the time (docs/decisions/0026).
 */
export function classify(
  { number, bytes }: Pick<Line, 'number' | 'bytes'>,
  maxLineBytes: number,
  wanted: Wanted,
): LineContent {
  if (bytes === null) return malformed(`the line is longer than ${maxLineBytes} bytes`, 'line_too_long')
  const content = contentOf(number, bytes)
  if (wanted.types.size === 0) {
    return recognize(content) ?? { kind: 'malformed', problem: () => problemOf(parse(content)) }
  }
  if (wanted.otherNames.some((name) => content.includes(name))) {
    const recognized = recognize(content)
    if (recognized?.kind === 'record' && !wanted.types.has(recognized.recordType)) return recognized
  }
  return parse(content)
}

const malformed = (error: string, code: ProblemCode = 'malformed'): LineContent => ({
  kind: 'malformed',
  problem: () => ({ code, field: '', error }),
})

function problemOf(content: LineContent): Problem {
  if (content.kind !== 'malformed') throw new Error('a line that is not recognized is malformed')
  return content.problem()
}

function parse(content: Buffer): LineContent {
  if (isBlank(content)) return BLANK
  if (!isUtf8(content)) return malformed('the line is not valid UTF-8')
  const isLong = content.length > LONG_BYTES
  const json = (isLong ? (withoutDepths(content) ?? content) : content).toString('utf8')
  let value: unknown
  try {
    value = parseJson(json)
  } catch (error) {
    return malformed(`the line is not valid JSON: ${whyNotReadable(content, json, error as SyntaxError)}`)
  }
  if (!isObject(value)) return malformed('the line is not a JSON object')
  const { data } = value
  if (data === undefined) return malformed('the line has no "data"')
  if (!isObject(data)) return malformed('"data" is not an object')
  const { type, attributes } = data
  if (type === undefined) return malformed('"data" has no "type"')
  if (typeof type !== 'string') return malformed(`type must be one of ${knownTypes()}`, 'unknown_type')
  const recordType = recordTypeOf(type)
  if (!recordType) return malformed(`type "${excerpt(type)}" is not one of ${knownTypes()}`, 'unknown_type')
  return { kind: 'record', recordType, attributes }
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** A line's bytes without the byte-order mark that a file may start with. */
const contentOf = (number: number, bytes: Buffer): Buffer =>
  number === 1 && startsWithMark(bytes) ? bytes.subarray(3) : bytes

const startsWithMark = (bytes: Buffer): boolean => bytes.subarray(0, 3).equals(BYTE_ORDER_MARK)

/** Explains lines whose cause the parser cannot know. */
function whyNotReadable(content: Buffer, json: string, error: SyntaxError): string {
  if (startsWithMark(content)) {
    return 'it begins with a byte-order mark (U+FEFF), as the second of two joined files does; remove the mark'
  }
  if (content.every((byte) => byte === 0)) {
    return 'it is nothing but zero bytes (U+0000): the file was padded, or what stood here is lost'
  }
  return excerpt(whyNotJson(error, json))
}

/** Shorter lines are parsed within a millisecond, whatever they contain. */
export const LONG_BYTES = 2 ** 14

/** A line of only spaces, tabs and carriage returns is blank. */
function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false
  return true
}

const knownTypes = (): string => recordTypes.map(({ type }) => type).join(', ')
