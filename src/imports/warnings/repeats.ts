/** The most values that are remembered; of a file with more, the further ones are not looked for. */
const MOST_VALUES = 1_500_000
const MOST_SLOTS = 2 ** 21
const FULLEST = 3 / 4

/**
 * Tells which values were there before, without keeping them: each takes a slot of four bytes with half of its hash,
 * and the other half says where. So the memory is bounded, 8 MiB, and of a million values it takes about one for a
 * repetition that is none once in a hundred files.
 */
export class Repeats {
  readonly #most: number
  #slots: Uint32Array | undefined
  #count = 0

  /** @param values how many there are at most */
  constructor(values: number) {
    this.#most = Math.min(values, MOST_VALUES)
  }

  /**
   * Remembers a value.
   *
   * @returns whether it was there before; if not, `added` gets the slot that it takes
   */
  add(value: string, added: number[]): boolean {
    this.#slots ??= new Uint32Array(slotsFor(this.#most))
    const slots = this.#slots
    hash(value)
    const mask = slots.length - 1
    for (let at = place & mask; ; at = (at + 1) & mask) {
      const there = slots[at]
      if (there === mark) return true
      if (there !== 0) continue
      if (this.#count >= this.#most) return false
      slots[at] = mark
      this.#count += 1
      added.push(at)
      return false
    }
  }

  /** Forgets what was added last, by the slots that it took. */
  undo(added: readonly number[]): void {
    for (let last = added.length - 1; last >= 0; last -= 1) {
      const slot = added[last]
      if (this.#slots && slot !== undefined) this.#slots[slot] = 0
    }
    this.#count -= added.length
  }

  /** How much memory it takes. */
  get bytes(): number {
    return this.#slots?.byteLength ?? 0
  }
}

const slotsFor = (values: number): number =>
  Math.min(2 ** Math.max(4, Math.ceil(Math.log2(values / FULLEST + 1))), MOST_SLOTS)

// The two halves of the last hash: numbers, since an object for each value would take longer than the hash.
let place = 0
let mark = 0

/** The 64 bits of "cyrb53" before it drops some, in two halves. The second is never 0. */
function hash(text: string): void {
  let one = 0xdeadbeef
  let two = 0x41c6ce57
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    one = Math.imul(one ^ unit, 2654435761)
    two = Math.imul(two ^ unit, 1597334677)
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(two ^ (two >>> 13), 3266489909)
  two = Math.imul(two ^ (two >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909)
  place = two >>> 0
  mark = one >>> 0 || 1
}
