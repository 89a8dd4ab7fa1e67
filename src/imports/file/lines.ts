import { GrowingBuffer } from '../../bytes/growing-buffer.js'

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * One physical line. Its bytes are without the newline, and null if there were more than the limit, not
 * counting a CR at the end.
 */
export interface Line {
  /** From 1. */
  readonly number: number
  readonly bytes: Buffer | null
  /** Where it starts, in bytes from the start of the file. */
  readonly start: number
  /** Where the next line starts. */
  readonly end: number
}

/**
 * Cuts a stream of bytes into lines. It holds at most one line below the limit: for a longer one it only
 * remembers that it was too long.
 */
export class LineSplitter {
  readonly #maxLineBytes: number
  /** The beginning of a line that lies in several pieces, unless it is too long. */
  readonly #gathered: GrowingBuffer
  /** How many bytes of a line were in the pieces before. */
  #pending = 0
  #start: number
  #end: number
  #number: number

  /** @param from the position of the first pushed byte in the file, and how many lines came before it. */
  constructor(
    maxLineBytes: number,
    from: { readonly bytes: number; readonly lines: number } = { bytes: 0, lines: 0 },
  ) {
    this.#maxLineBytes = maxLineBytes
    this.#gathered = new GrowingBuffer(maxLineBytes + CR_BYTES)
    this.#start = from.bytes
    this.#end = from.bytes
    this.#number = from.lines
  }

  /** The lines that end in this piece of the file. A line's bytes are valid until the next line. */
  *push(piece: Buffer): Generator<Line, void, undefined> {
    let start = 0
    for (;;) {
      const newline = piece.indexOf(NEWLINE, start)
      if (newline === -1) break
      this.#end += 1
      yield this.#finish(piece.subarray(start, newline))
      start = newline + 1
    }
    if (start < piece.length) this.#gather(piece.subarray(start))
  }

  /** The last line, if the file does not end with a newline. */
  *end(): Generator<Line, void, undefined> {
    if (this.#pending > 0) yield this.#finish(EMPTY)
  }

  /** Copies: a piece's memory belongs to the caller, who may read the next bytes into it. */
  #gather(part: Buffer): void {
    this.#end += part.length
    this.#pending += part.length
    if (this.#pending <= this.#maxLineBytes + CR_BYTES) this.#gathered.add(part)
  }

  #finish(last: Buffer): Line {
    const isInOnePiece = this.#pending === 0
    if (isInOnePiece) this.#end += last.length
    else this.#gather(last)
    const bytes = isInOnePiece ? last : this.#gathered.bytes
    const length = isInOnePiece ? last.length : this.#pending
    const isTooLong =
      length > this.#maxLineBytes + CR_BYTES ||
      (length > this.#maxLineBytes && bytes.at(-1) !== CARRIAGE_RETURN)
    this.#gathered.clear()
    this.#pending = 0
    this.#number += 1
    const start = this.#start
    this.#start = this.#end
    return { number: this.#number, bytes: isTooLong ? null : bytes, start, end: this.#end }
  }
}

/** A line may have one byte more than the limit if that is the CR of a CRLF, which does not count. */
const CR_BYTES = 1

const EMPTY = Buffer.alloc(0)
