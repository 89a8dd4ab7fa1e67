import { Semaphore } from 'async-mutex'

/** How much the chunks that are on their way into the database may take together, in bytes. Usual ones take a tenth of it. */
const MOST_BYTES = 48 * 2 ** 20

/**
 * The memory that the chunks of all jobs share: one that asks for much waits for others to be committed, in the order in which
 * they ask. What has some never waits for what is still asking, so there is always somebody who will give some back.
 */
export class ChunkMemory {
  readonly #bytes = new Semaphore(MOST_BYTES)

  /** Waits until so much is free; a chunk that asks for more than there is has it for itself. Returns what gives it back. */
  async take(bytes: number): Promise<() => void> {
    const [, giveBack] = await this.#bytes.acquire(Math.max(1, Math.min(bytes, MOST_BYTES)))
    return giveBack
  }
}
