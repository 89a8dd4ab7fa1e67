import { recordTypes } from '../../records/index.js'

/** The names of attributes that only their owner may read (contract 8). */
const WRITE_ONLY = new Set(
  recordTypes.flatMap(({ columns }) =>
    columns.flatMap(({ isWriteOnly, path }) => (isWriteOnly ? path[0] : [])),
  ),
)

/**
 * Whether others than an import's owner may read this text of its file: it does not have the name of anything that
 * is only written, however the name's characters are escaped.
 */
export function isForOthers(text: string): boolean {
  const plain = text.replaceAll(ESCAPED, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
  return ![...WRITE_ONLY].some((name) => plain.includes(name))
}

const ESCAPED = /\\u([0-9a-fA-F]{4})/g

/** A longer line is not looked at, and so not for others. */
const MOST_BYTES = 2 ** 20

/** A line, in the pieces that it comes in, if it is for others; else nothing. */
export async function* lineForOthers(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const kept: Buffer[] = []
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
    if (bytes > MOST_BYTES) return
    kept.push(piece)
  }
  // What is only written has ASCII names.
  const line = Buffer.concat(kept)
  if (isForOthers(line.toString('latin1'))) yield line
}
