const FIRST_BYTES = 64 * 2 ** 10

/** Bytes that are written one after the other, in network byte order. */
export class Output {
  #buffer: Buffer
  #length = 0

  /** @param buffer written into until it is too small */
  constructor(buffer: Buffer = Buffer.allocUnsafe(FIRST_BYTES)) {
    this.#buffer = buffer
  }

  get length(): number {
    return this.#length
  }

  /** What was written; valid until the next write. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  truncate(length: number): void {
    this.#length = length
  }

  /** Takes the memory away. What was written is gone. */
  detach(): Buffer {
    const buffer = this.#buffer
    this.#buffer = Buffer.alloc(0)
    this.#length = 0
    return buffer
  }

  int8(value: number): void {
    this.#reserve(1)
    this.#length = this.#buffer.writeInt8(value, this.#length)
  }

  int16(value: number): void {
    this.#reserve(2)
    this.#length = this.#buffer.writeInt16BE(value, this.#length)
  }

  int32(value: number): void {
    this.#reserve(4)
    this.#length = this.#buffer.writeInt32BE(value, this.#length)
  }

  /** @param value a safe integer */
  int64(value: number): void {
    this.#reserve(8)
    this.#buffer.writeInt32BE(Math.floor(value / 2 ** 32), this.#length)
    this.#length = this.#buffer.writeUInt32BE(value >>> 0, this.#length + 4)
  }

  bigint(value: bigint): void {
    this.#reserve(8)
    this.#length = this.#buffer.writeBigInt64BE(value, this.#length)
  }

  double(value: number): void {
    this.#reserve(8)
    this.#length = this.#buffer.writeDoubleBE(value, this.#length)
  }

  append(bytes: Buffer, start: number, end: number): void {
    this.#reserve(end - start)
    bytes.copy(this.#buffer, this.#length, start, end)
    this.#length += end - start
  }

  /**
   * A text in UTF-8, preceded by its length. `version` comes before the text and is included in the length.
   */
  text(value: string, version?: number): void {
    // A UTF-16 unit takes at most three bytes. For a long text it pays to compute the exact length.
    const most = value.length * 3
    this.#reserve(5 + (most > FIRST_BYTES ? Buffer.byteLength(value) : most))
    const start = this.#length + 4
    let end = start
    if (version !== undefined) end = this.#buffer.writeInt8(version, end)
    end += this.#buffer.write(value, end, 'utf8')
    this.#buffer.writeInt32BE(end - start, this.#length)
    this.#length = end
  }

  /** A UUID from its text form of 36 characters, preceded by its length. */
  uuid(value: string): void {
    this.#reserve(20)
    const buffer = this.#buffer
    let offset = buffer.writeInt32BE(16, this.#length)
    for (const at of HEX_PAIRS) {
      buffer[offset] = (hexDigit(value.charCodeAt(at)) << 4) | hexDigit(value.charCodeAt(at + 1))
      offset += 1
    }
    this.#length = offset
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
  }
}

/** The positions of a UUID's bytes in its text form. */
const HEX_PAIRS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]

/** The value of a character `0` to `9`, `a` to `f` or `A` to `F`. */
const hexDigit = (code: number): number => (code & 0xf) + (code > 0x39 ? 9 : 0)
