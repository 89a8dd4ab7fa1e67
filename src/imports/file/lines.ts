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
  #pieces: Buffer[] = []
  #pending = 0
  #tooLong = false
  #start: number
  #end: number
  #number: number

  /** @param from the position of the first pushed byte in the file, and how many lines came before it. */
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
    // The piece's memory belongs to the caller, who may read the next bytes into it.
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
