import type { UploadReader } from '../../uploads/store.js'

const READ_BYTES = 64 * 2 ** 10
const NEWLINE = 0x0a

/** A part of a file in memory, which moves along as lines are requested. */
export class LineWindow {
  readonly #reader: UploadReader
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES)
  #from = 0
  #length = 0

  constructor(reader: UploadReader) {
    this.#reader = reader
  }

  /**
   * The line that starts at a byte, in pieces that the receiver owns. The last line of a file gets a newline
   * too.
   */
  async *line(start: number): AsyncGenerator<Buffer, void, undefined> {
    for (let at = start; ; ) {
      const piece = await this.#at(at)
      if (piece.length === 0) {
        yield Buffer.of(NEWLINE)
        return
      }
      const newline = piece.indexOf(NEWLINE)
      yield Buffer.from(newline === -1 ? piece : piece.subarray(0, newline + 1))
      if (newline !== -1) return
      at += piece.length
    }
  }

  /** Bytes from a position on, at least one; none at the end of the file. */
  async #at(position: number): Promise<Buffer> {
    if (position < this.#from || position >= this.#from + this.#length) {
      this.#from = position
      this.#length = await this.#reader.read(this.#buffer, position)
    }
    return this.#buffer.subarray(position - this.#from, this.#length)
  }
}
