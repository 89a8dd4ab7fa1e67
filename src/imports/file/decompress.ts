import type { Duplex } from 'node:stream'
import zlib, { createGunzip } from 'node:zlib'
import { UnusableFile } from '../receive/scan.js'

/** A compressed file that unpacks to more than a file may have. */
export class UnpacksToTooMuch extends Error {
  override name = 'UnpacksToTooMuch'
}

/** `bytesWritten`: how many of the bytes that were written to it it has used. */
type Unpacker = Duplex & { readonly bytesWritten: number }

interface Packing {
  readonly name: string
  readonly magic: Buffer
  readonly unpacker: () => Unpacker
}

/** How files may be packed: RFC 1952, and RFC 8878 where the runtime has it (Node from 22.15). */
const packings: readonly Packing[] = [
  { name: 'gzip', magic: Buffer.from([0x1f, 0x8b]), unpacker: createGunzip },
  ...('createZstdDecompress' in zlib
    ? [
        {
          name: 'zstd',
          magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
          unpacker: zlib.createZstdDecompress as () => Unpacker,
        },
      ]
    : []),
]

/** The names of what a file may be compressed by, as in RFC 9110, 8.4.1. */
export const packingNames: readonly string[] = packings.map(({ name }) => name)

/** How many of a file's first bytes tell whether it is compressed. */
export const LONGEST_MAGIC = Math.max(...packings.map(({ magic }) => magic.length))

const packingOf = (beginning: Buffer): Packing | undefined =>
  packings.find(({ magic }) => beginning.subarray(0, magic.length).equals(magic))

/** Whether a file with these first bytes is packed. */
export const isPacked = (beginning: Buffer): boolean => packingOf(beginning) !== undefined

/**
 * Passes a file's bytes on; those of a packed one, told by its first bytes, unpacked.
 *
 * @throws UnpacksToTooMuch; UnusableFile if the packed bytes are damaged; and what the stream throws that brings them.
 */
export async function* unpack(bytes: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  const source = bytes[Symbol.asyncIterator]()
  let beginning = Buffer.alloc(0)
  try {
    while (beginning.length < LONGEST_MAGIC) {
      const { value, done } = await source.next()
      if (done) break
      beginning = Buffer.concat([beginning, value])
    }
    const rest = continued(beginning, source)
    const packing = packingOf(beginning)
    if (packing) yield* unpacked(rest, packing, maxBytes)
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
 * A file may be several packed ones, one after the other: `cat` makes such, and programs that pack in parallel. Node's unpacker of
 * zstd ends with the first of them and says nothing of the rest, as that of gzip does where zeros are between them.
 */
async function* unpacked(
  bytes: AsyncIterable<Buffer>,
  { name, unpacker }: Packing,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  const packed = new PackedBytes(bytes[Symbol.asyncIterator]())
  let length = 0
  try {
    do {
      const stream = unpacker()
      const fed = feed(stream, packed)
      for await (const piece of stream as AsyncIterable<Buffer>) {
        length += piece.length
        if (length > maxBytes) throw new UnpacksToTooMuch()
        yield piece
      }
      await fed
    } while (await packed.goOn())
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (!/^(Z_|ZSTD_|ERR_ZSTD)/.test(code)) throw error
    throw new UnusableFile(`The file is compressed by ${name}, and cannot be unpacked: ${message}.`)
  }
}

/** Writes to an unpacker until it or the bytes are at their end. What goes wrong, the unpacker's reader is told. */
async function feed(stream: Unpacker, packed: PackedBytes): Promise<void> {
  try {
    for (let piece = await packed.next(); piece; piece = await packed.next()) {
      const before = stream.bytesWritten
      const error = await new Promise<unknown>((resolve) => stream.write(piece, resolve))
      if (error) return
      const used = stream.bytesWritten - before
      if (used < piece.length) return packed.putBack(piece.subarray(used))
    }
    stream.end()
  } catch (error) {
    stream.destroy(error as Error)
  }
}

/** Of which one unpacker takes up what another has left. */
class PackedBytes {
  readonly #source: AsyncIterator<Buffer>
  #left: Buffer | undefined

  constructor(source: AsyncIterator<Buffer>) {
    this.#source = source
  }

  /** undefined: there are no more. */
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

  /** Passes over zeros, by which some programs fill up. Whether anything else follows. */
  async goOn(): Promise<boolean> {
    for (let piece = await this.next(); piece; piece = await this.next()) {
      const start = piece.findIndex((byte) => byte !== 0)
      if (start === -1) continue
      this.putBack(piece.subarray(start))
      return true
    }
    return false
  }
}
