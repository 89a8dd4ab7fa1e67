import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'

/** The client went away before its request was complete. There is nobody to answer. */
export class ClientGone extends Error {
  override name = 'ClientGone'
}

/** Small pieces are passed on together once there are this many bytes, or nothing more has arrived. */
const GATHERED_BYTES = 64 * 1024

/** A piece of this size is passed on without being copied. */
const LARGE_PIECE_BYTES = 8 * 1024

const FIRST_BUFFER_BYTES = 1024

/**
 * The body of a request, in pieces of a reasonable size: a chunk of a chunked body may have a single byte, and an object for
 * each of them costs a hundred times its bytes in every queue that it goes through.
 *
 * Nothing is read before somebody asks for it. A client that waits for `100 Continue` gets it then, and not before, so one that is
 * refused is spared sending the body (RFC 9110, 10.1.1). Fails with ClientGone.
 */
export class RequestBody extends Readable {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  #isBegun = false
  #buffer = Buffer.alloc(0)
  #gathered = 0
  #flush: NodeJS.Immediate | undefined
  #bytes = 0

  constructor(request: IncomingMessage, response: ServerResponse) {
    super({ highWaterMark: GATHERED_BYTES })
    this.#request = request
    this.#response = response
    // It may fail while nobody reads it. Whoever reads it then is told.
    this.on('error', () => {})
  }

  get headers(): IncomingHttpHeaders {
    return this.#request.headers
  }

  /** How many bytes have arrived. */
  get bytes(): number {
    return this.#bytes
  }

  override _read(): void {
    if (!this.#isBegun) this.#begin()
    this.#request.resume()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#flush) clearImmediate(this.#flush)
    this.#request.off('data', this.#take).pause()
    done(error)
  }

  #begin(): void {
    this.#isBegun = true
    const request = this.#request
    const gone = () => this.destroy(new ClientGone('The client went away in the middle of its request.'))
    if (request.destroyed) gone()
    if (waitsToContinue(request)) this.#response.writeContinue()
    request.on('data', this.#take)
    request.once('end', () => {
      this.#release()
      this.push(null)
    })
    request.on('error', gone)
    request.once('close', () => {
      if (!request.readableEnded) gone()
    })
  }

  readonly #take = (piece: Buffer): void => {
    this.#bytes += piece.length
    if (piece.length >= LARGE_PIECE_BYTES) {
      this.#release()
      this.#give(piece)
      return
    }
    this.#gather(piece)
    if (this.#gathered >= GATHERED_BYTES) this.#release()
    else this.#flush ??= setImmediate(() => this.#release())
  }

  #gather(piece: Buffer): void {
    const needed = this.#gathered + piece.length
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2, FIRST_BUFFER_BYTES))
      this.#buffer.copy(larger, 0, 0, this.#gathered)
      this.#buffer = larger
    }
    piece.copy(this.#buffer, this.#gathered)
    this.#gathered = needed
  }

  #release(): void {
    if (this.#flush) clearImmediate(this.#flush)
    this.#flush = undefined
    if (this.#gathered === 0) return
    const gathered = this.#buffer.subarray(0, this.#gathered)
    this.#buffer = Buffer.alloc(0)
    this.#gathered = 0
    this.#give(gathered)
  }

  #give(piece: Buffer): void {
    if (!this.push(piece)) this.#request.pause()
  }
}

/** Whether a request announces a body. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** Whether a client sends its body only after `100 Continue`. */
export const waitsToContinue = ({ headers, httpVersion }: IncomingMessage): boolean =>
  httpVersion === '1.1' && /^100-continue$/i.test(headers.expect ?? '')
