import { Semaphore } from 'async-mutex'

/**
 * Memory is counted in units of this many bytes: the semaphore walks over all free units each time some are
 * released.
 */
const PART_BYTES = 64 * 2 ** 10

/** How much memory the chunks being written may take together: 48 MiB. Usual ones take a tenth of it. */
const PARTS = 768

/**
 * The memory that the chunks of all jobs share: a chunk that asks for much waits for others to be committed,
 * in the order in which they ask. A chunk that has its memory never waits for one that is still asking, so
 * some is always released eventually.
 */
export class ChunkMemory {
  readonly #parts = new Semaphore(PARTS)

  /**
   * Waits until this much is free; a chunk that asks for more than there is gets all of it. Returns a
   * function that releases it.
   */
  async take(bytes: number): Promise<() => void> {
    const parts = Math.min(Math.max(1, Math.ceil(bytes / PART_BYTES)), PARTS)
    const [, giveBack] = await this.#parts.acquire(parts)
    return giveBack
  }
}
