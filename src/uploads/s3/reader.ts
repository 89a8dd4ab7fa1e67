import { type UploadReader, UploadsAway } from '../store.js'
import type { Bucket } from './bucket.js'

/** How much is requested at a time. */
const BLOCK_BYTES = 4 * 2 ** 20
/** An answer that breaks off is requested again; the SDK repeats only what fails before it begins. */
const ATTEMPTS = 3

interface Block {
  readonly index: number
  readonly bytes: Promise<Buffer>
  readonly abort: AbortController
}

/**
 * Reads an object by blocks, one request each. While it is read in order, the next block is requested before
 * it is needed. Two buffers are used in turn. One read at a time.
 */
export class ObjectReader implements UploadReader {
  readonly #bucket: Bucket
  readonly #key: string
  readonly #size: number
  readonly #free: Buffer[] = []
  #blocks: Block[] = []
  #end = 0

  /** @param size the object's, in bytes. */
  constructor(bucket: Bucket, key: string, size: number) {
    this.#bucket = bucket
    this.#key = key
    this.#size = size
  }

  async read(buffer: Buffer, position: number): Promise<number> {
    if (position >= this.#size) return 0
    const index = Math.floor(position / BLOCK_BYTES)
    const isInOrder = position === this.#end
    await this.#keepOnly([index, index + 1])
    const block = this.#blockOf(index)
    if (isInOrder && (index + 1) * BLOCK_BYTES < this.#size) this.#blockOf(index + 1)
    const bytes = await block.bytes.catch((error: unknown) => {
      this.#blocks = this.#blocks.filter((one) => one !== block)
      throw error
    })
    const start = position - index * BLOCK_BYTES
    const length = bytes.copy(buffer, 0, start)
    this.#end = position + length
    return length
  }

  async close(): Promise<void> {
    await this.#keepOnly([])
    this.#free.length = 0
  }

  #blockOf(index: number): Block {
    const known = this.#blocks.find((block) => block.index === index)
    if (known) return known
    const abort = new AbortController()
    const bytes = this.#fetch(index, abort.signal)
    // Whoever reads it gets the error; perhaps nobody does.
    bytes.catch(() => {})
    const block = { index, bytes, abort }
    this.#blocks.push(block)
    return block
  }

  /** Gives up all blocks but some, and takes their buffers back. */
  async #keepOnly(indexes: readonly number[]): Promise<void> {
    const others = this.#blocks.filter(({ index }) => !indexes.includes(index))
    if (others.length === 0) return
    this.#blocks = this.#blocks.filter(({ index }) => indexes.includes(index))
    for (const { abort } of others) abort.abort()
    await Promise.allSettled(others.map(({ bytes }) => bytes))
  }

  async #fetch(index: number, signal: AbortSignal): Promise<Buffer> {
    const start = index * BLOCK_BYTES
    const length = Math.min(BLOCK_BYTES, this.#size - start)
    const buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, this.#size))
    // Given back once the block is given up and nothing writes into it any more.
    signal.addEventListener('abort', () => this.#free.push(buffer), { once: true })
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#fill(buffer.subarray(0, length), start, signal)
        return buffer.subarray(0, length)
      } catch (error) {
        if (!(error instanceof BrokenOff) || attempt === ATTEMPTS || signal.aborted) throw error
      }
    }
  }

  /** @throws UploadMissing, UploadsAway */
  async #fill(buffer: Buffer, start: number, abortSignal: AbortSignal): Promise<void> {
    const Range = `bytes=${start}-${start + buffer.length - 1}`
    const { Body } = await this.#bucket.request(
      'GetObject',
      (s3) => s3.getObject({ Bucket: this.#bucket.name, Key: this.#key, Range }, { abortSignal }),
      abortSignal,
    )
    let length = 0
    try {
      // In Node it is a stream; one that is left early is destroyed, which frees its socket.
      for await (const piece of Body as AsyncIterable<Buffer>) {
        buffer.set(piece, length)
        length += piece.length
      }
    } catch (error) {
      throw new BrokenOff(this.#bucket.name, error)
    }
    if (length < buffer.length) throw new BrokenOff(this.#bucket.name, undefined)
  }
}

/** The connection broke in the middle of an answer. */
class BrokenOff extends UploadsAway {
  constructor(bucket: string, cause: unknown) {
    super(`The uploads are away: an answer of S3 from the bucket "${bucket}" broke off.`, { cause })
  }
}
