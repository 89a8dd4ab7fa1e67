import { createHash } from 'node:crypto'
import type { RecordType } from '../../records/record-type.js'
import type { Problem } from '../../schema/problem.js'
import { noCounts } from '../counts.js'
import { classify, LONG_BYTES, NO_ATTRIBUTES } from '../file/classify.js'
import { type Line, LineSplitter } from '../file/lines.js'
import { BEGINNING_BYTES, WrongFile } from '../file/looks-like.js'
import { UnusableFile } from '../file/unusable-file.js'
import type { Counts } from '../terms.js'

/** The result of scanning a file. */
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

/**
 * Checks a file's lines for JSON and type, and counts and hashes them, while its bytes arrive. Holds at most
 * one line.
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
  readonly #wrongFile = new WrongFile()

  constructor(limits: ScanLimits) {
    this.#limits = limits
    this.#splitter = new LineSplitter(limits.maxLineBytes)
  }

  /** @throws UnusableFile once there are more records than the limit. */
  push(piece: Buffer): void {
    const missing = BEGINNING_BYTES - this.#beginning.length
    if (missing > 0) this.#beginning = Buffer.concat([this.#beginning, piece.subarray(0, missing)])
    this.#bytes += piece.length
    this.#hash.update(piece)
    this.#count(this.#splitter.push(piece))
  }

  /** @throws UnusableFile if no line at all is a record, or the file is a JSON array over several lines. */
  end(): ScannedFile {
    this.#count(this.#splitter.end())
    const verdict = this.#wrongFile.verdict(this.#beginning, this.#records)
    if (verdict !== undefined) throw new UnusableFile(verdict)
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
      const content = classify(line, this.#limits.maxLineBytes, NO_ATTRIBUTES)
      if (content.kind === 'record') this.#countRecord(content.recordType)
      else if (content.kind === 'malformed') {
        this.#wrongFile.add(line, this.#records > 0, () => whyMalformed(line, content.problem))
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

export interface ScanLimits {
  readonly maxLineBytes: number
  readonly maxRecords: number | undefined
}

/** For the answer to an upload: in a millisecond, however the line is made. */
function whyMalformed({ bytes }: Line, problem: () => Problem): string {
  return bytes !== null && bytes.length > LONG_BYTES
    ? 'the line is not a record; "intake validate FILE" says what is wrong with it'
    : problem().error
}
