import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { GrowingBuffer } from '../../bytes/growing-buffer.js'
import { inTurn } from '../turns.js'
import { Holds } from './holds.js'

/** The client went away before its request was complete. There is nobody to answer. */
export class ClientGone extends Error {
  override name = 'ClientGone'
}

/** Small pieces are passed on together once there are this many bytes, or nothing more has arrived. */
const GATHERED_BYTES = 64 * 1024

/** A piece of this size is passed on without being copied. */
const LARGE_PIECE_BYTES = 8 * 1024

/** After this many small pieces in one turn of the event loop, a body yields to others. */
const SMALL_PIECES_A_TURN = 1024

/**
 * The body of a request, in pieces of a reasonable size: a chunk of a chunked body may have a single byte,
 * and an object for each of them costs a hundred times its bytes in every queue that it goes through.
 *
 * Nothing is read before somebody asks for it. A client that waits for `100 Continue` gets it then, and not
 * before, so one that is refused is spared sending the body (RFC 9110, 10.1.1). Fails with ClientGone.
 */
export class RequestBody extends Readable {
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  /** Somebody reads it. Until then nothing is pushed: a push makes Node ask for more, as if somebody had. */
  #isStarted = false
  #isWhole = false
  #failure: Error | undefined
  readonly #gathered = new GrowingBuffer()
  /** Somebody reads it who can use only the whole. */
  #isForWhole = false
  #given = 0
  #flush: NodeJS.Immediate | undefined
  #smallPieces = 0
  /** It has used its share of this turn of the event loop. */
  #isInLine = false
  /** Nobody asks for more, or what has arrived is not consumed yet. */
  #isFull = true
  #isAnswered = false
  #bytes = 0

  constructor(request: IncomingMessage, response: ServerResponse) {
    super({ highWaterMark: 4 * GATHERED_BYTES })
    this.#request = request
    this.#response = response
    // It may fail while nobody reads it. Whoever reads it later gets the error.
    this.on('error', () => {})
    this.#holdBack()
    this.#listen()
    response.once('finish', () => this.#releaseSocket())
  }

  get headers(): IncomingHttpHeaders {
    return this.#request.headers
  }

  /** How many bytes have arrived. */
  get bytes(): number {
    return this.#bytes
  }

  override _read(): void {
    this.#isFull = false
    if (!this.#isStarted) this.#start()
    this.#continue()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#flush) clearImmediate(this.#flush)
    this.#isFull = true
    this.#request.off('data', this.#take).pause()
    this.#stop()
    done(error)
  }

  /** Once the last piece is taken, the reader gets what has been gathered meanwhile. */
  override read(size?: number): unknown {
    const piece: unknown = super.read(size)
    if (piece !== null && this.#isDue()) this.#release()
    return piece
  }

  /**
   * Called for a reader that can use only the whole: what trickles in is passed on in few pieces, each at
   * least as long as all before it, up to a size.
   */
  passOnForWhole(): void {
    this.#isForWhole = true
  }

  /** Ends it with an error, which the reader gets now, or once somebody starts to read. */
  fail(error: Error): void {
    if (this.#isStarted) this.destroy(error)
    else this.#failure ??= error
  }

  #start(): void {
    this.#isStarted = true
    if (this.#failure) return void this.destroy(this.#failure)
    if (waitsToContinue(this.#request)) this.#response.writeContinue()
    this.#release()
    if (isChunked(this.#request)) this.#waitInLine()
  }

  /** Gathers at once what arrived with the headers, so that it is not kept in small pieces. */
  #listen(): void {
    const request = this.#request
    const gone = () => this.fail(new ClientGone('The client went away in the middle of its request.'))
    request.on('data', this.#take)
    request.once('end', () => {
      this.#isWhole = true
      this.#release()
    })
    request.on('error', gone)
    const close = () => {
      if (!request.readableEnded) gone()
    }
    // A client may have gone while its token was looked up: its events came before anybody listened.
    if (request.destroyed) close()
    else request.once('close', close)
  }

  readonly #take = (piece: Buffer): void => {
    this.#bytes += piece.length
    if (this.#isStarted && piece.length >= LARGE_PIECE_BYTES) {
      this.#release()
      this.#give(piece)
      return
    }
    this.#gathered.add(piece)
    this.#smallPieces += 1
    if (this.#smallPieces >= SMALL_PIECES_A_TURN) this.#waitInLine()
    if (this.#gathered.length >= GATHERED_BYTES) this.#release()
    else this.#flush ??= setImmediate(this.#endTurn)
  }

  readonly #endTurn = (): void => {
    this.#flush = undefined
    if (this.#isDue()) this.#release()
  }

  /** A reader that is behind gets it later, together with what arrives until then. */
  #isDue(): boolean {
    const { length } = this.#gathered
    return length > 0 && this.readableLength === 0 && (!this.#isForWhole || length >= this.#given)
  }

  #release(): void {
    if (this.#flush) clearImmediate(this.#flush)
    this.#flush = undefined
    if (!this.#isStarted) return
    if (this.#gathered.length > 0) this.#give(this.#gathered.take())
    if (this.#isWhole) this.push(null)
  }

  #give(piece: Buffer): void {
    this.#given += piece.length
    if (this.push(piece)) return
    this.#isFull = true
    this.#stop()
  }

  #waitInLine(): void {
    if (this.#isInLine) return
    this.#isInLine = true
    this.#stop()
    inTurn(() => {
      this.#isInLine = false
      this.#smallPieces = 0
      this.#continue()
    })
  }

  /** Once the request is answered, its connection belongs to the next one. */
  #stop(): void {
    if (!this.#isAnswered) Holds.of(this.#request.socket).hold(this)
  }

  #continue(): void {
    if (!this.#isInLine && !this.#isFull) Holds.of(this.#request.socket).letGo(this)
  }

  /**
   * A paused request takes thousands of small pieces into its own queue before it stops its socket. So the
   * socket itself is paused here, and the request may not resume it before it is answered.
   */
  #holdBack(): void {
    const request = this.#request
    const read = request._read.bind(request)
    request._read = (size) => {
      if (this.#isAnswered) read(size)
    }
    if (!request.complete) this.#stop()
  }

  /** Frees the connection for what comes next. */
  #releaseSocket(): void {
    this.#isAnswered = true
    this.destroy()
    Holds.of(this.#request.socket).letGo(this)
  }
}

export const isChunked = ({ headers }: IncomingMessage): boolean => headers['transfer-encoding'] !== undefined

/** Whether a request announces a body. */
export const hasBody = (request: IncomingMessage): boolean =>
  isChunked(request) || Number(request.headers['content-length'] ?? 0) > 0

/** Whether a client sends its body only after `100 Continue`. */
export const waitsToContinue = ({ headers, httpVersion }: IncomingMessage): boolean =>
  httpVersion === '1.1' && /^100-continue$/i.test(headers.expect ?? '')
