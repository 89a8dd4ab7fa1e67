import type { FastifyInstance, FastifyReply } from 'fastify'
import { tooManyRequests } from '../errors.js'

interface Owner {
  readonly ownerId: string
}

/** A response of at most this many characters is short. Parts of a longer one are held until it is read. */
export const SHORT_CHARACTERS = 256 * 1024

/** When to retry after too many downloads: one may end at any moment. */
const RETRY_SECONDS = 5

/**
 * Limits how many long responses an owner reads at once: part of each is held in memory until it is read.
 * Each process counts its own.
 */
export class Downloads {
  readonly #limit: number
  readonly #running = new Map<string, number>()

  /** @param limit for one owner */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Checks before starting a response that may be long. @throws HttpError 429 */
  admit({ ownerId }: Owner): void {
    if ((this.#running.get(ownerId) ?? 0) >= this.#limit) {
      throw tooManyRequests(
        `At most ${this.#limit} downloads and long responses are sent to one store or organization at once; please try again.`,
        RETRY_SECONDS,
      )
    }
  }

  /** Starts a response that may be long. @throws HttpError 429 */
  begin(owner: Owner, reply: FastifyReply): void {
    this.admit(owner)
    this.count(owner, reply)
  }

  /** Counts a response until it has been sent or its connection has ended. */
  count({ ownerId }: Owner, { raw: answer, request }: FastifyReply): void {
    const { socket } = request.raw
    // A client that has already gone takes no place: its end would never be reported.
    if (socket.destroyed) return
    this.#running.set(ownerId, (this.#running.get(ownerId) ?? 0) + 1)
    const end = () => {
      answer.off('close', end)
      socket.off('close', end)
      const left = (this.#running.get(ownerId) ?? 0) - 1
      if (left > 0) this.#running.set(ownerId, left)
      else this.#running.delete(ownerId)
    }
    // A response that waits behind another one on its connection does not get the connection's end.
    answer.once('close', end)
    socket.once('close', end)
  }
}

/** Counts long responses sent as one text, such as a page of errors with the longest `external_ref`s. */
export function countLongAnswers(app: FastifyInstance, downloads: Downloads): void {
  app.addHook('onSend', async ({ method, caller }, reply, payload) => {
    if (typeof payload !== 'string' || payload.length <= SHORT_CHARACTERS || method === 'HEAD') return
    // A change is never refused its response.
    if (method === 'GET') downloads.admit(caller)
    downloads.count(caller, reply)
  })
}
