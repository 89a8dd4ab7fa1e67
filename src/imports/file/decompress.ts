import type { Duplex } from 'node:stream'
import zlib, { createGunzip } from 'node:zlib'
import { UnusableFile } from './unusable-file.js'

/** A compressed file whose decompressed size is over the limit. */
export class DecompressesToTooMuch extends Error {
  override name = 'DecompressesToTooMuch'
}

/** `bytesWritten`: how many of the bytes written to it were used. */
type Decompressor = Duplex & { readonly bytesWritten: number }

interface Compression {
  readonly name: string
  readonly magic: Buffer
  readonly decompressor: () => Decompressor
}

/** How files may be compressed: RFC 1952, and RFC 8878 where the runtime has it (Node from 22.15). */
const compressions: readonly Compression[] = [
  { name: 'gzip', magic: Buffer.from([0x1f, 0x8b]), decompressor: createGunzip },
  ...('createZstdDecompress' in zlib
    ? [
        {
          name: 'zstd',
          magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
          decompressor: zlib.createZstdDecompress as () => Decompressor,
        },
      ]
    : []),
]

/** The names of the compressions, as in RFC 9110, 8.4.1. */
export const compressionNames: readonly string[] = compressions.map(({ name }) => name)

/** How many of a file's first bytes show whether it is compressed. */
export const LONGEST_MAGIC = Math.max(...compressions.map(({ magic }) => magic.length))

const compressionOf = (beginning: Buffer): Compression | undefined =>
  compressions.find(({ magic }) => beginning.subarray(0, magic.length).equals(magic))

/** Whether a file with these first bytes is compressed. */
export const isCompressed = (beginning: Buffer): boolean => compressionOf(beginning) !== undefined

/**
 * Passes a file's bytes on, decompressed if its first bytes show that it is compressed.
 *
 * @throws DecompressesToTooMuch; UnusableFile if the compressed bytes are damaged; and what the source stream
 * throws.
 */
export async function* decompress(bytes: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  const source = bytes[Symbol.asyncIterator]()
  let beginning = Buffer.alloc(0)
  try {
    while (beginning.length < LONGEST_MAGIC) {
      const { value, done } = await source.next()
      if (done) break
      beginning = Buffer.concat([beginning, value])
    }
    const rest = continued(beginning, source)
    const compression = compressionOf(beginning)
    if (compression) yield* decompressed(rest, compression, maxBytes)
    else yield* rest
  } finally {
    await source.return?.()
  }
}

async function* continued(beginning: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield beginning
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

/**
 * A file may be several compressed ones in a row: `cat` creates such files, and so do programs that compress
 * in parallel. Node's zstd decompressor ends with the first of them and ignores the rest, as the one for gzip
 * does if there are zeros in between.
 */
async function* decompressed(
  bytes: AsyncIterable<Buffer>,
  { name, decompressor }: Compression,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  const compressed = new CompressedBytes(bytes[Symbol.asyncIterator]())
  let length = 0
  try {
    do {
      const stream = decompressor()
      const fed = feed(stream, compressed)
      for await (const piece of stream as AsyncIterable<Buffer>) {
        length += piece.length
        if (length > maxBytes) throw new DecompressesToTooMuch()
        yield piece
      }
      await fed
    } while (await compressed.hasMore())
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (!/^(Z_|ZSTD_|ERR_ZSTD)/.test(code)) throw error
    throw new UnusableFile(`The file is compressed by ${name}, and cannot be decompressed: ${message}.`)
  }
}

/** Writes to a decompressor until it or the bytes end. The decompressor's reader gets the errors. */
async function feed(stream: Decompressor, compressed: CompressedBytes): Promise<void> {
  try {
    for (let piece = await compressed.next(); piece; piece = await compressed.next()) {
      const before = stream.bytesWritten
      const error = await new Promise<unknown>((resolve) => stream.write(piece, resolve))
      if (error) return
      const used = stream.bytesWritten - before
      if (used < piece.length) return compressed.putBack(piece.subarray(used))
    }
    stream.end()
  } catch (error) {
    stream.destroy(error as Error)
  }
}

/** Compressed bytes; each decompressor continues where the one before it ended. */
class CompressedBytes {
  readonly #source: AsyncIterator<Buffer>
  #left: Buffer | undefined

  constructor(source: AsyncIterator<Buffer>) {
    this.#source = source
  }

  /** The next piece; undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    const left = this.#left
    this.#left = undefined
    if (left) return left
    const { value, done } = await this.#source.next()
    return done ? undefined : value
  }

  putBack(piece: Buffer): void {
    this.#left = piece
  }

  /** Skips zeros, with which some programs pad files, and says whether anything else follows. */
  async hasMore(): Promise<boolean> {
    for (let piece = await this.next(); piece; piece = await this.next()) {
      const start = piece.findIndex((byte) => byte !== 0)
      if (start === -1) continue
      this.putBack(piece.subarray(start))
      return true
    }
    return false
  }
}
