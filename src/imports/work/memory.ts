import { Semaphore } from 'async-mutex'

/** Memory is counted in parts of this many bytes: the semaphore walks over all free parts each time some are given back. */
const PART_BYTES = 64 * 2 ** 10

/** How much the chunks that are on their way into the database may take together: 48 MiB. Usual ones take a tenth of it. */
const PARTS = 768

/**
 * The memory that the chunks of all jobs share: one that asks for much waits for others to be committed, in the order in which
 * they ask. What has some never waits for what is still asking, so there is always somebody who will give some back.
 */
export class ChunkMemory {
  readonly #parts = new Semaphore(PARTS)

  /** Waits until this much is free; a chunk that asks for more than there is has it for itself. Returns what gives it back. */
  async take(bytes: number): Promise<() => void> {
    const parts = Math.min(Math.max(1, Math.ceil(bytes / PART_BYTES)), PARTS)
    const [, giveBack] = await this.#parts.acquire(parts)
    return giveBack
  }
}
