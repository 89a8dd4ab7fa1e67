import { tooManyUploads } from './refusals.js'

/** Limits how many uploads a process receives at once, whichever path they are posted to. */
export class UploadPlaces {
  readonly #limit: number
  #taken = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * Runs `receive` in a place of its own.
   *
   * @throws HttpError 429 if none is free, and what `receive` throws
   */
  async within<T>(receive: () => Promise<T>): Promise<T> {
    if (this.#taken >= this.#limit) throw tooManyUploads(this.#limit)
    this.#taken += 1
    try {
      return await receive()
    } finally {
      this.#taken -= 1
    }
  }
}
