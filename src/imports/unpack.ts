import type { Transform } from 'node:stream'
import zlib, { createGunzip, type Zlib } from 'node:zlib'
import { UnusableFile } from './scan.js'

/** A compressed file that unpacks to more than a file may have. */
export class UnpacksToTooMuch extends Error {
  override name = 'UnpacksToTooMuch'
}

type Unpacker = Transform & Zlib

interface Packing {
  readonly name: string
  readonly magic: Buffer
  readonly unpacker: () => Unpacker
  /** Whether bytes that an unpacker has left over are for another one; if not, they are padding. */
  readonly goesOn: boolean
}

/** How files may be packed: RFC 1952, and RFC 8878 where the runtime has it (Node from 22.15). */
const packings: readonly Packing[] = [
  { name: 'gzip', magic: Buffer.from([0x1f, 0x8b]), unpacker: createGunzip, goesOn: false },
  ...('createZstdDecompress' in zlib
    ? [
        {
          name: 'zstd',
          magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
          unpacker: zlib.createZstdDecompress as () => Unpacker,
          // A file may have many frames, one after the other, and Node's ends with the first that ends within a piece.
          goesOn: true,
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
  bytes: AsyncIterator<Buffer>,
  { name, unpacker, goesOn }: Packing,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  let length = 0
  try {
    for (let rest: Buffer | undefined = Buffer.alloc(0); rest; ) {
      const stream = unpacker()
      // What it is rejected with, the loop below throws.
      const fed: Promise<Buffer | undefined> = feed(stream, rest, bytes).catch((error: Error) => {
        stream.destroy(error)
        return undefined
      })
      for await (const piece of stream as AsyncIterable<Buffer>) {
        length += piece.length
        if (length > maxBytes) throw new UnpacksToTooMuch()
        yield piece
      }
      rest = goesOn ? await fed : undefined
    }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (!/^(Z_|ZSTD_|ERR_ZSTD)/.test(code)) throw error
    throw new UnusableFile(`The file is compressed by ${name}, and cannot be unpacked: ${message}.`)
  }
}

/** Writes bytes into an unpacker until they end, or until it takes no more: returns what it left of the last piece. */
async function feed(
  stream: Unpacker,
  beginning: Buffer,
  bytes: AsyncIterator<Buffer>,
): Promise<Buffer | undefined> {
  for (let piece = beginning; ; ) {
    const before = stream.bytesWritten
    await new Promise<void>((resolve, reject) => {
      stream.write(piece, (error) => (error ? reject(error) : resolve()))
    })
    const taken = stream.bytesWritten - before
    if (taken < piece.length) return piece.subarray(taken)
    const next = await bytes.next()
    if (next.done) break
    piece = next.value
  }
  stream.end()
  return undefined
}
