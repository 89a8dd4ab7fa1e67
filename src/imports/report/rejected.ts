import sql, { empty } from 'sql-template-tag'
import { batches } from '../../db/batches.js'
import { type Pool, rows } from '../../db/pool.js'
import type { UploadReader } from '../../uploads/store.js'
import type { Import } from '../import.js'

interface RejectedLine {
  readonly line_number: number
  readonly line_start: number | null
  readonly errors: number
}

const BATCH = 1000
const READ_BYTES = 64 * 2 ** 10
const NEWLINE = 0x0a

/**
 * The lines of an import's file that have errors, in order and byte for byte as they were uploaded, each with
 * its newline. Streams, holding at most part of a line.
 *
 * @param reader of the import's file; stays open.
 * @param lineNumber the only line that is requested.
 * @throws Error if the report expired while it was being read, so that a part is not mistaken for the whole
 */
export async function* rejectedLines(
  pool: Pool,
  reader: UploadReader,
  { id, ownerId, errors }: Import,
  lineNumber?: number,
): AsyncGenerator<Buffer, void, undefined> {
  const only = lineNumber === undefined ? empty : sql`and line_number = ${lineNumber}`
  const window = new Window(reader)
  const read = (after: RejectedLine | undefined) =>
    rows<RejectedLine>(
      pool,
      sql`
        select line_number, min(line_start) as line_start, count(*) as errors
        from import_errors
        where owner_id = ${ownerId} and import_id = ${id} and line_number > ${after?.line_number ?? 0} ${only}
        group by line_number order by line_number limit ${BATCH}`,
    )
  let left = lineNumber === undefined ? errors : 0
  for await (const lines of batches(read, ({ length }) => length < BATCH)) {
    for (const { line_start: start, errors: count } of lines) {
      left -= count
      if (start !== null) yield* window.line(start)
    }
  }
  if (left > 0) throw new Error(`the report of import ${id} expired while it was being read`)
}

/** A part of a file in memory, which moves along as lines are requested. */
class Window {
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
