import type { Line } from './lines.js'

/** How much of a file's start is examined, in bytes. */
export const BEGINNING_BYTES = 4096

/**
 * Watches a file for what people send by mistake (contract 6), judging by its first bytes and the lines that
 * are not records. Lines that are records cost nothing.
 */
export class WrongFile {
  #first: NonRecord | undefined
  #isSeparated = false
  /** Whether each line so far is an object followed by a comma. */
  #isCommaList = true

  /**
   * Receives a line that is neither blank nor a record, in the order of the file.
   *
   * @param isAfterRecord whether a record came before it
   * @param error says what is wrong with it; called only for the first one
   */
  add({ number, bytes }: Line, isAfterRecord: boolean, error: () => string): void {
    this.#isCommaList &&=
      !isAfterRecord && bytes !== null && firstOf(bytes) === OPEN_BRACE && lastOf(bytes) === COMMA
    if (this.#first === undefined) {
      const isWhole = bytes !== null && lastOf(bytes) === CLOSE_BRACKET
      this.#first = { number, error: error(), mayOpenArray: !isAfterRecord && !isWhole }
    } else if (bytes !== null && !this.#isSeparated) {
      this.#isSeparated = firstOf(bytes) === COMMA || [COMMA, CLOSE_BRACKET].includes(lastOf(bytes))
    }
  }

  /**
   * Why no job can be created from the file, in a sentence. Undefined: it has records. An array over several
   * lines, and objects with a comma between them, are still refused: only the last line, which no comma
   * follows, would be imported.
   *
   * @param beginning its first `BEGINNING_BYTES`, or all if there are fewer.
   */
  verdict(beginning: Buffer, records: number): string | undefined {
    if (records === 0) return whyNoRecord(beginning, this.#first)
    if (this.#first?.mayOpenArray && this.#isSeparated && isArray(beginning)) return `The file ${ARRAY}`
    return this.#first && this.#isCommaList && records === 1 ? `The file ${COMMA_LIST}` : undefined
  }
}

/** The first line that is neither blank nor a record. */
interface NonRecord {
  /** From 1. */
  readonly number: number
  /** What is wrong with it. */
  readonly error: string
  /** Whether no record came before it, and it does not end like an array. */
  readonly mayOpenArray: boolean
}

function whyNoRecord(beginning: Buffer, first: NonRecord | undefined): string {
  if (beginning.length === 0) return 'The file is empty.'
  const [, format] = FORMATS.find(([magic]) => startsWith(beginning, magic)) ?? []
  if (format !== undefined) return `The file is ${format}`
  if (first === undefined) return 'The file has no records: all of its lines are blank.'
  const [, look] = LOOKS.find(([is]) => is(beginning)) ?? []
  const looks = look === undefined ? '' : ` It ${look}`
  return (
    `No line of the file is a record.${looks} ` +
    `Its first line that is not blank, line ${first.number}, says why: ${first.error}.`
  )
}

const startsWith = (beginning: Buffer, magic: Buffer): boolean =>
  beginning.subarray(0, magic.length).equals(magic)

const textIn = (encoding: string): string => `text in ${encoding}, not in UTF-8. Save it as UTF-8.`
const compressed = (name: string): string =>
  `compressed with ${name}, not JSON Lines in UTF-8. Decompress it before you send it.`
const office = (what: string): string => `${what}, not JSON Lines in UTF-8. Send its contents as JSON Lines.`

/** What people send by mistake, recognized by its first bytes. */
const FORMATS: readonly (readonly [Buffer, string])[] = [
  [Buffer.from('%PDF-'), office('a PDF document')],
  [Buffer.from('PK\x03\x04'), office('a ZIP archive or an office document (.xlsx)')],
  [Buffer.from('d0cf11e0a1b11ae1', 'hex'), office('an office document (.xls)')],
  [Buffer.from('1f8b', 'hex'), compressed('gzip')],
  [Buffer.from('28b52ffd', 'hex'), compressed('zstd')],
  [Buffer.from('BZh'), compressed('bzip2')],
  [Buffer.from('fd377a585a00', 'hex'), compressed('xz')],
  // Before UTF-16, whose little-endian mark is the start of this one.
  [Buffer.from('fffe0000', 'hex'), textIn('UTF-32')],
  [Buffer.from('0000feff', 'hex'), textIn('UTF-32')],
  [Buffer.from('fffe', 'hex'), textIn('UTF-16')],
  [Buffer.from('feff', 'hex'), textIn('UTF-16')],
]

const isArray = (beginning: Buffer): boolean => textOf(beginning).startsWith('[')

const ARRAY =
  'looks like a JSON array. JSON Lines has one record on each line, without the brackets around them and the commas ' +
  'between them; "jq -c \'.[]\' FILE" converts it.'

const COMMA_LIST =
  'looks like objects with a comma after each. JSON Lines has one record on each line and nothing between them: remove ' +
  'the comma at the end of each line.'

/** What people send by mistake, recognized by how its start looks, and what to do. The first match counts. */
const LOOKS: readonly (readonly [(beginning: Buffer) => boolean, string])[] = [
  [
    (beginning) => beginning.every((byte) => byte === 0),
    'starts with nothing but zero bytes (U+0000), as after an interrupted copy: copy it from its source again.',
  ],
  [isUtf32, 'looks like text in UTF-32 without a byte-order mark: save it as UTF-8.'],
  [isUtf16, 'looks like text in UTF-16 without a byte-order mark: save it as UTF-8.'],
  [isArray, ARRAY],
  [(beginning) => /^\{.*\}\s*,$/.test(linesOf(beginning)[0] ?? ''), COMMA_LIST],
  [
    (beginning) => beginning.includes(RECORD_SEPARATOR),
    'looks like a JSON text sequence (RFC 7464), with U+001E before each record: remove these bytes.',
  ],
  [
    (beginning) => /^<[!?a-z]/i.test(textOf(beginning)),
    'looks like HTML or XML: perhaps an error page was saved instead.',
  ],
  [
    isCsv,
    'looks like CSV. JSON Lines has a record on each line: turn each row into one such as ' +
      '{"data":{"type":"subscription_product","attributes":{"name":"Coffee"}}}.',
  ],
  [
    isPrettyPrinted,
    'looks like JSON spread over several lines. JSON Lines has each whole record on its own line; ' +
      '"jq -c . FILE" converts it.',
  ],
  [
    (beginning) => /\r[^\n]/.test(textOf(beginning)) && !beginning.includes('\n'),
    'ends its lines with CR (U+000D) alone. JSON Lines ends each line with LF or CRLF: save it with one of them.',
  ],
]

const COMMA = 0x2c
const OPEN_BRACE = 0x7b
const RECORD_SEPARATOR = 0x1e
const CLOSE_BRACKET = 0x5d
const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d

const firstOf = (bytes: Buffer): number => bytes.find((byte) => !isSpace(byte)) ?? 0
const lastOf = (bytes: Buffer): number => bytes.findLast((byte) => !isSpace(byte)) ?? 0

/** The text without the byte-order mark, blanks and blank lines before the content. */
const textOf = (beginning: Buffer): string => beginning.toString('utf8').trimStart()

/** The lines of the start that are not blank. The last one may be incomplete. */
const linesOf = (beginning: Buffer): string[] =>
  textOf(beginning)
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '')

/**
 * Whether it consists of code points of four bytes each: in UTF-8 and UTF-16, four bytes of text are a larger
 * number.
 */
function isUtf32(beginning: Buffer): boolean {
  const units = Math.floor(beginning.length / 4)
  const consistsOf = (at: (index: number) => number) =>
    Array.from({ length: units }, (_, index) => at(4 * index)).every((unit) => unit <= MAX_CODE_POINT)
  return (
    units > 0 &&
    (consistsOf((index) => beginning.readUInt32LE(index)) ||
      consistsOf((index) => beginning.readUInt32BE(index)))
  )
}

const MAX_CODE_POINT = 0x10ffff

/** In mostly Western text every other byte is zero, and hardly any of the rest. */
function isUtf16(beginning: Buffer): boolean {
  const zeros = [0, 0]
  for (const [at, byte] of beginning.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1
  const [even = 0, odd = 0] = zeros
  return Math.max(even, odd) > beginning.length / 4 && Math.min(even, odd) < beginning.length / 100 + 2
}

const SEPARATORS = [',', ';', '\t', '|']

/**
 * Whether the first two lines have the same number of separators of a kind outside quotes, and do not start
 * with JSON.
 */
function isCsv(beginning: Buffer): boolean {
  // Excel may name its separator in the first line.
  const [first = '', second = ''] = linesOf(beginning).filter((line) => !/^"?sep=.?"?$/i.test(line))
  if (/^[{[]/.test(first) || /^[{[]/.test(second)) return false
  const count = (line: string, separator: string) =>
    line.replaceAll(/"[^"]*"/g, '').split(separator).length - 1
  return SEPARATORS.some(
    (separator) => count(first, separator) > 0 && count(first, separator) === count(second, separator),
  )
}

/** Whether the first line is the start of an object that continues in the next. */
function isPrettyPrinted(beginning: Buffer): boolean {
  const [first = '', second = ''] = linesOf(beginning)
  return /^\{(.*[{[,:])?$/.test(first) && /^["{[}\]]/.test(second)
}
