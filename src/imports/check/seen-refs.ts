import { hash } from 'node:crypto'
import type { RecordType } from '../../records/record-type.js'

/** A slot: three words of the reference's hash, and the line, which is 0 in a free slot. */
const SLOT_WORDS = 4
const LINE = 3
const FIRST_SLOTS = 2 ** 12
const FULLEST = 3 / 4

/** Positions are computed with 32 bits. */
const MOST_WORDS = 2 ** 31

/**
 * Remembers the `external_ref`s of a file's records, and the line of each: 16 bytes per slot, of which at
 * most three quarters are taken, whatever the length of a reference. The odds that two references have the
 * same 96 bits of SHA-256 are negligible: among a hundred million, 1 in ten trillion.
 */
export class SeenRefs {
  #slots = new Uint32Array(FIRST_SLOTS * SLOT_WORDS)
  #count = 0

  /**
   * Remembers a reference, or returns the earlier line that has it.
   *
   * @throws RangeError for a line of 2^32 and more
   */
  add(recordType: RecordType, ref: string, line: number): number | undefined {
    if (line > 0xffffffff) throw new RangeError(`Line ${line} is beyond what can be remembered.`)
    const words = wordsOf(recordType, ref)
    const at = find(this.#slots, words)
    const earlier = this.#slots[at + LINE]
    if (earlier) return earlier
    this.#slots.set(words, at)
    this.#slots[at + LINE] = line
    this.#count += 1
    if (this.#count * SLOT_WORDS > this.#slots.length * FULLEST) this.#grow()
    return undefined
  }

  /** The line of the record that has a reference. */
  find(recordType: RecordType, ref: string): number | undefined {
    return this.#slots[find(this.#slots, wordsOf(recordType, ref)) + LINE] || undefined
  }

  /** @throws RangeError beyond 400 million references */
  #grow(): void {
    if (this.#slots.length === MOST_WORDS)
      throw new RangeError('The file has more references than can be remembered.')
    const slots = new Uint32Array(this.#slots.length * 2)
    for (let from = 0; from < this.#slots.length; from += SLOT_WORDS) {
      const slot = this.#slots.subarray(from, from + SLOT_WORDS)
      if (slot[LINE] !== 0) slots.set(slot, find(slots, slot))
    }
    this.#slots = slots
  }
}

/** The slot of a reference, or the one where it would go. */
function find(slots: Uint32Array, words: ArrayLike<number>): number {
  const mask = slots.length - 1
  for (let at = ((words[0] ?? 0) * SLOT_WORDS) & mask; ; at = (at + SLOT_WORDS) & mask) {
    if (slots[at + LINE] === 0) return at
    if (slots[at] === words[0] && slots[at + 1] === words[1] && slots[at + 2] === words[2]) return at
  }
}

const words = new Uint32Array(LINE)

/** Valid until the next call. */
function wordsOf({ type }: RecordType, ref: string): Uint32Array {
  // As a text, since creating a buffer takes longer than the hash. Each character is a byte.
  const digest = hash('sha256', `${type}\0${ref}`, 'binary')
  for (let word = 0; word < LINE; word += 1) {
    const at = word * 4
    words[word] =
      digest.charCodeAt(at) |
      (digest.charCodeAt(at + 1) << 8) |
      (digest.charCodeAt(at + 2) << 16) |
      (digest.charCodeAt(at + 3) << 24)
  }
  return words
}
