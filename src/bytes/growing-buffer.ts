const FIRST_BYTES = 1024

/**
 * Gathers pieces in one buffer that grows by doubling. A list of small pieces would cost a hundred times
 * their bytes and more: each is an object, and may keep the memory alive that it was cut from.
 */
export class GrowingBuffer {
  readonly #maxBytes: number
  #buffer: Buffer = EMPTY
  #length = 0

  /** @param maxBytes how many will be added at most. The buffer does not grow beyond that. */
  constructor(maxBytes = Number.POSITIVE_INFINITY) {
    this.#maxBytes = maxBytes
  }

  get length(): number {
    return this.#length
  }

  /** What has been gathered. Valid until the next `add`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  add(piece: Buffer): void {
    const needed = this.#length + piece.length
    if (needed > this.#buffer.length) {
      const wanted = Math.min(Math.max(this.#buffer.length * 2, FIRST_BYTES), this.#maxBytes)
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, wanted))
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    piece.copy(this.#buffer, this.#length)
    this.#length = needed
  }

  /** Forgets what has been gathered and keeps the memory for what comes next. */
  clear(): void {
    this.#length = 0
  }

  /** What has been gathered, for the caller to keep, in memory of about its size. Nothing is left here. */
  take(): Buffer {
    const { bytes } = this
    this.#length = 0
    if (bytes.length < this.#buffer.length / 2) return Buffer.from(bytes)
    this.#buffer = EMPTY
    return bytes
  }
}

const EMPTY = Buffer.alloc(0)
