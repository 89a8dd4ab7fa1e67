import type { FastifyInstance, FastifyReply } from 'fastify'
import { tooManyRequests } from '../errors.js'

interface Owner {
  readonly ownerId: string
}

/** An answer of at most this many characters is short. Parts of a longer one are held until it is read. */
export const SHORT_CHARACTERS = 256 * 1024

/** When to come again where there are too many downloads: one may be through any moment. */
const RETRY_SECONDS = 5

/**
 * How many long answers an owner reads at once: a part of each is held in memory until it is read. Each process counts its own.
 */
export class Downloads {
  readonly #limit: number
  readonly #running = new Map<string, number>()

  /** @param limit for one owner */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Asked before an answer is begun that may be long. @throws HttpError 429 */
  admit({ ownerId }: Owner): void {
    if ((this.#running.get(ownerId) ?? 0) >= this.#limit) {
      throw tooManyRequests(
        `At most ${this.#limit} downloads and long answers of one store or organization are sent at once; please try again.`,
        RETRY_SECONDS,
      )
    }
  }

  /** Begins an answer that may be long. @throws HttpError 429 */
  begin(owner: Owner, reply: FastifyReply): void {
    this.admit(owner)
    this.count(owner, reply)
  }

  /** Counts an answer until it has been sent or its connection has ended. */
  count({ ownerId }: Owner, { raw: answer, request }: FastifyReply): void {
    const { socket } = request.raw
    // Who has gone by now takes no place: its end would never be told.
    if (socket.destroyed) return
    this.#running.set(ownerId, (this.#running.get(ownerId) ?? 0) + 1)
    const end = () => {
      answer.off('close', end)
      socket.off('close', end)
      const left = (this.#running.get(ownerId) ?? 0) - 1
      if (left > 0) this.#running.set(ownerId, left)
      else this.#running.delete(ownerId)
    }
    // An answer that waits behind another one on its connection is not told of the connection's end.
    answer.once('close', end)
    socket.once('close', end)
  }
}

/** Counts what routes send as one long text, such as a page of errors with the longest `external_ref`s. */
export function countLongAnswers(app: FastifyInstance, downloads: Downloads): void {
  app.addHook('onSend', async ({ method, caller }, reply, payload) => {
    if (typeof payload !== 'string' || payload.length <= SHORT_CHARACTERS || method === 'HEAD') return
    // What was changed is not refused its answer.
    if (method === 'GET') downloads.admit(caller)
    downloads.count(caller, reply)
  })
}
