import { Semaphore } from 'async-mutex'
import { GrowingBuffer } from '../../bytes/growing-buffer.js'

/** At least 5 MiB (S3), and 10,000 parts have to be enough for the largest file. */
export const PART_BYTES = 8 * 2 ** 20

const AT_ONCE = 8

/** A place for a part that is being sent. */
export interface PartPlace {
  /** Empty, for the next part of the upload, in exchange for the buffer of the part that is sent. */
  readonly buffer: GrowingBuffer
  /** Gives the place back, once. @param sent the buffer of the part; undefined: a request may still read it. */
  release(sent: GrowingBuffer | undefined): void
}

/**
 * The parts under way of all uploads of a process. Each place has a buffer, so that memory has a limit: that
 * of the places, and a part for each upload.
 */
export class PartPlaces {
  readonly #places = new Semaphore(AT_ONCE)
  readonly #buffers = Array.from({ length: AT_ONCE }, newPart)

  /** Waits for a place. */
  async take(): Promise<PartPlace> {
    const [, release] = await this.#places.acquire()
    const buffer = this.#buffers.pop() ?? newPart()
    return {
      buffer,
      release: (sent) => {
        sent?.clear()
        this.#buffers.push(sent ?? newPart())
        release()
      },
    }
  }
}

export const newPart = (): GrowingBuffer => new GrowingBuffer(PART_BYTES)
