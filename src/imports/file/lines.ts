import { isUtf8 } from 'node:buffer'
import { isObject, parseJson, whyNotJson } from '../../json/parse.js'
import { withoutDepths } from '../../json/walk.js'
import { recordTypeOf, recordTypes } from '../../records/index.js'
import type { RecordType } from '../../records/record-type.js'
import { excerpt } from '../../text/text.js'

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/** One physical line. Its bytes are without the newline, and null if there were more than the limit, a CR at the end not counted. */
export interface Line {
  /** From 1. */
  readonly number: number
  readonly bytes: Buffer | null
  /** Where it begins, in bytes from the beginning of the file. */
  readonly start: number
  /** Where the next line begins. */
  readonly end: number
}

/**
 * Cuts a stream of bytes into lines. What it holds is at most one line below the limit: of a longer one it only
 * remembers that it was too long.
 */
export class LineSplitter {
  readonly #maxLineBytes: number
  #pieces: Buffer[] = []
  #pending = 0
  #tooLong = false
  #start: number
  #end: number
  #number: number

  /** @param from where in the file the first pushed byte stands, and how many lines came before it. */
  constructor(
    maxLineBytes: number,
    from: { readonly bytes: number; readonly lines: number } = { bytes: 0, lines: 0 },
  ) {
    this.#maxLineBytes = maxLineBytes
    this.#start = from.bytes
    this.#end = from.bytes
    this.#number = from.lines
  }

  /** The lines that end in this piece of the file. A line's bytes are valid until the next call. */
  *push(piece: Buffer): Generator<Line, void, undefined> {
    let start = 0
    for (;;) {
      const newline = piece.indexOf(NEWLINE, start)
      if (newline === -1) break
      this.#take(piece, start, newline)
      this.#end += 1
      yield this.#finish()
      start = newline + 1
    }
    // The piece's memory is the caller's, who may read the next bytes into it.
    if (start < piece.length) this.#take(Buffer.from(piece.subarray(start)), 0, piece.length - start)
  }

  /** The last line, if the file does not end with a newline. */
  *end(): Generator<Line, void, undefined> {
    if (this.#pending > 0) yield this.#finish()
  }

  #take(piece: Buffer, start: number, end: number): void {
    const length = end - start
    this.#end += length
    this.#pending += length
    // One more than the limit may be the CR of a CRLF, which does not count.
    if (this.#pending > this.#maxLineBytes + 1) {
      this.#tooLong = true
      this.#pieces = []
    } else if (length > 0) {
      this.#pieces.push(piece.subarray(start, end))
    }
  }

  #finish(): Line {
    this.#number += 1
    const [first = EMPTY] = this.#pieces
    const whole = this.#tooLong ? null : this.#pieces.length <= 1 ? first : Buffer.concat(this.#pieces)
    const bytes = this.#pending > this.#maxLineBytes && whole?.at(-1) !== CARRIAGE_RETURN ? null : whole
    this.#pieces = []
    this.#pending = 0
    this.#tooLong = false
    const start = this.#start
    this.#start = this.#end
    return { number: this.#number, bytes, start, end: this.#end }
  }
}

const EMPTY = Buffer.alloc(0)

/** What a line holds (contract 6 and 7): nothing, something that is no record, or a record, valid or not. */
export type LineContent =
  | { readonly kind: 'blank' }
  | { readonly kind: 'malformed'; readonly error: string }
  | { readonly kind: 'record'; readonly recordType: RecordType; readonly attributes: unknown }

const BLANK: LineContent = { kind: 'blank' }
const malformed = (error: string): LineContent => ({ kind: 'malformed', error })

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** Reads a line: the first pass over a file and the later ones agree on every line because this decides for both. */
export function readLine(
  { number, bytes }: Pick<Line, 'number' | 'bytes'>,
  maxLineBytes: number,
): LineContent {
  if (bytes === null) return malformed(`the line is longer than ${maxLineBytes} bytes`)
  const content = contentOf(number, bytes)
  if (isBlank(content)) return BLANK
  if (!isUtf8(content)) return malformed('the line is not valid UTF-8')
  let value: unknown
  try {
    value = parseJson((isLong(content) ? (withoutDepths(content) ?? content) : content).toString('utf8'))
  } catch (error) {
    return malformed(`the line is not valid JSON: ${whyNotReadable(content, error as SyntaxError)}`)
  }
  if (!isObject(value)) return malformed('the line is not a JSON object')
  const { data } = value
  if (data === undefined) return malformed('the line has no "data"')
  if (!isObject(data)) return malformed('"data" is not an object')
  const { type, attributes } = data
  if (type === undefined) return malformed('"data" has no "type"')
  if (typeof type !== 'string') return malformed(`type must be one of ${knownTypes()}`)
  const recordType = recordTypeOf(type)
  if (!recordType) return malformed(`type "${excerpt(type)}" is not one of ${knownTypes()}`)
  return { kind: 'record', recordType, attributes }
}

/** A line's bytes without the byte-order mark with which a file may begin. */
export const contentOf = (number: number, bytes: Buffer): Buffer =>
  number === 1 && startsWithMark(bytes) ? bytes.subarray(3) : bytes

const startsWithMark = (bytes: Buffer): boolean => bytes.subarray(0, 3).equals(BYTE_ORDER_MARK)

/** What the parser does not know of: how such lines come about. */
function whyNotReadable(content: Buffer, error: SyntaxError): string {
  if (startsWithMark(content)) {
    return 'it begins with a byte-order mark (U+FEFF), as the second of two joined files does; remove the mark'
  }
  if (content.every((byte) => byte === 0)) {
    return 'it is nothing but zero bytes (U+0000): the file was padded, or what stood here is lost'
  }
  return excerpt(whyNotJson(error))
}

/** What is shorter is parsed within a millisecond, whatever it is made of. */
const LONG_BYTES = 2 ** 14
const isLong = ({ length }: Buffer): boolean => length > LONG_BYTES

/** Why a line that is not blank is no record, for the answer to an upload: in a millisecond, however it is made. */
export function whyNotRecord(line: Pick<Line, 'number' | 'bytes'>, maxLineBytes: number): string {
  if (line.bytes !== null && isLong(line.bytes)) {
    return 'the line is no record; "intake validate FILE" says what is wrong with it'
  }
  const content = readLine(line, maxLineBytes)
  return content.kind === 'malformed' ? content.error : ''
}

/** Spaces, tabs and carriage returns alone are a blank line. */
function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false
  return true
}

const knownTypes = (): string => recordTypes.map(({ type }) => type).join(', ')
