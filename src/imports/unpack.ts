import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import zlib, { createGunzip } from 'node:zlib'
import { UnusableFile } from './scan.js'

/** A compressed file that unpacks to more than a file may have. */
export class UnpacksToTooMuch extends Error {
  override name = 'UnpacksToTooMuch'
}

interface Packing {
  readonly name: string
  readonly magic: Buffer
  readonly unpacker: () => NodeJS.ReadWriteStream
}

/** How files may be packed: RFC 1952, and RFC 8878 where the runtime has it (Node from 22.15). */
const packings: readonly Packing[] = [
  { name: 'gzip', magic: Buffer.from([0x1f, 0x8b]), unpacker: createGunzip },
  ...('createZstdDecompress' in zlib
    ? [
        {
          name: 'zstd',
          magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
          unpacker: zlib.createZstdDecompress as () => NodeJS.ReadWriteStream,
        },
      ]
    : []),
]

/** So many of a file's first bytes tell whether it is packed. */
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

async function* unpacked(
  bytes: AsyncIterable<Buffer>,
  { name, unpacker }: Packing,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  const stream = unpacker()
  // What it is rejected with, the loop below throws.
  pipeline(Readable.from(bytes, { objectMode: false }), stream).catch(() => {})
  let length = 0
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      length += piece.length
      if (length > maxBytes) throw new UnpacksToTooMuch()
      yield piece
    }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (!/^(Z_|ZSTD_|ERR_ZSTD)/.test(code)) throw error
    throw new UnusableFile(`The file is compressed by ${name}, and cannot be unpacked: ${message}.`)
  }
}
