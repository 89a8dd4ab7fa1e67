import { createHash } from 'node:crypto'
import { recordTypes } from '../records/index.js'
import type { RecordType } from '../records/record-type.js'
import { type Line, LineSplitter, readLine } from './lines.js'
import { recognizeRecord } from './recognize.js'

/** Records by type, one count for every type there is: `{"subscription_product": 3, …}`. */
export type Counts = Record<string, number>

export const noCounts = (): Counts => Object.fromEntries(recordTypes.map(({ type }) => [type, 0]))

/** What a file turned out to be. */
export interface ScannedFile {
  readonly bytes: number
  readonly lines: number
  readonly sha256: Buffer
  /** The limit of a line's bytes that was in force. */
  readonly maxLineBytes: number
  /** Lines that are well-formed JSON of a known type. */
  readonly uploaded: Counts
  readonly records: number
}

/** A file that no job can be made of (contract 6): a sentence that says why. */
export class UnusableFile extends Error {
  override name = 'UnusableFile'
}

/**
 * Checks a file's lines for JSON and type, and counts and hashes, while its bytes arrive. Holds one line at most.
 */
export class Scanner {
  readonly #limits: ScanLimits
  readonly #splitter: LineSplitter
  readonly #hash = createHash('sha256')
  readonly #uploaded = noCounts()
  #bytes = 0
  #lines = 0
  #records = 0
  #beginning = Buffer.alloc(0)
  #firstComplaint: LineComplaint | undefined

  constructor(limits: ScanLimits) {
    this.#limits = limits
    this.#splitter = new LineSplitter(limits.maxLineBytes)
  }

  /** @throws UnusableFile once there are more records than the limit. */
  push(piece: Buffer): void {
    if (this.#beginning.length < 8) this.#beginning = Buffer.concat([this.#beginning, piece.subarray(0, 8)])
    this.#bytes += piece.length
    this.#hash.update(piece)
    this.#count(this.#splitter.push(piece))
  }

  /** @throws UnusableFile if no line at all is a record. */
  end(): ScannedFile {
    this.#count(this.#splitter.end())
    if (this.#records === 0) throw new UnusableFile(whyNoRecord(this.#beginning, this.#firstComplaint))
    return {
      bytes: this.#bytes,
      lines: this.#lines,
      sha256: this.#hash.digest(),
      maxLineBytes: this.#limits.maxLineBytes,
      uploaded: this.#uploaded,
      records: this.#records,
    }
  }

  #count(lines: Iterable<Line>): void {
    for (const line of lines) {
      this.#lines = line.number
      const recognized = line.bytes === null ? undefined : recognizeRecord(line.bytes)
      const content = recognized ?? readLine(line, this.#limits.maxLineBytes)
      if ('type' in content) this.#countRecord(content)
      else if (content.kind === 'record') this.#countRecord(content.recordType)
      else if (content.kind === 'malformed') {
        this.#firstComplaint ??= { line: line.number, error: content.error }
      }
    }
  }

  #countRecord({ type }: RecordType): void {
    this.#uploaded[type] = (this.#uploaded[type] ?? 0) + 1
    this.#records += 1
    if (this.#limits.maxRecords !== undefined && this.#records > this.#limits.maxRecords) {
      throw new UnusableFile(
        `The file has more than ${this.#limits.maxRecords} records, the most that one import may have.`,
      )
    }
  }
}

/**
 * Why no job can be made of a file without records, in a sentence.
 *
 * @param beginning its first eight bytes, or all that there are.
 * @param complaint what is wrong with its first line that is not blank.
 */
export function whyNoRecord(beginning: Buffer, complaint: LineComplaint | undefined): string {
  if (beginning.length === 0) return 'The file is empty.'
  const [, kind] = SIGNATURES.find(([bytes]) => beginning.subarray(0, bytes.length).equals(bytes)) ?? []
  if (kind) return `The file is ${kind}, not JSON Lines in UTF-8.`
  if (complaint === undefined) return 'The file has no records: all of its lines are blank.'
  return `No line of the file is a record. Its first line that is not blank, line ${complaint.line}, says why: ${complaint.error}.`
}

interface LineComplaint {
  /** From 1. */
  readonly line: number
  readonly error: string
}

export interface ScanLimits {
  readonly maxLineBytes: number
  readonly maxRecords: number | undefined
}

/** What people send by mistake, by its first bytes. */
const SIGNATURES: readonly (readonly [Buffer, string])[] = [
  [Buffer.from('%PDF-'), 'a PDF document'],
  [Buffer.from([0x1f, 0x8b]), 'compressed by gzip'],
  [Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), 'compressed by zstd'],
  [Buffer.from('PK\x03\x04', 'latin1'), 'a ZIP archive or an office document'],
  [Buffer.from([0xff, 0xfe]), 'text in UTF-16'],
  [Buffer.from([0xfe, 0xff]), 'text in UTF-16'],
]
