import { setImmediate } from 'node:timers/promises'
import { UploadMissing, type UploadReader } from '../../uploads/store.js'
import { type Line, LineSplitter } from './lines.js'

/** The size of a file, and the longest line it may have. */
export interface FileToRead {
  readonly fileBytes: number
  readonly maxLineBytes: number
}

/** How much is read at a time, and how much of it is processed before others get their turn: about 3 ms. */
const READ_BYTES = 256 * 2 ** 10
const BATCH_BYTES = READ_BYTES / 4

/**
 * The lines of a file, in batches. Each batch has to be consumed before the next, and a line's bytes are
 * valid until the next line.
 *
 * @throws UploadMissing if the file ends early
 */
export async function* readLines(
  { fileBytes, maxLineBytes }: FileToRead,
  reader: UploadReader,
  from: { readonly bytes: number; readonly lines: number },
): AsyncGenerator<Iterable<Line>, void, undefined> {
  const splitter = new LineSplitter(maxLineBytes, from)
  const buffer = Buffer.allocUnsafe(READ_BYTES)
  for (let position = from.bytes; position < fileBytes; ) {
    const length = await reader.read(buffer, position)
    if (length === 0) throw new UploadMissing(`The uploaded file ends at byte ${position} of ${fileBytes}.`)
    position += length
    for (let start = 0; start < length; start += BATCH_BYTES) {
      if (start > 0) await setImmediate()
      yield splitter.push(buffer.subarray(start, Math.min(start + BATCH_BYTES, length)))
    }
    if (position >= fileBytes) yield splitter.end()
  }
}
