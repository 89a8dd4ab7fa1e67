import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { hasBody, waitsToContinue } from '../body/request-body.js'

/** The rest of a body that is read for the next request's sake. */
const SMALL_BODY_BYTES = 64 * 1024

/** How much of a body that nobody wants is read and dropped, so that a client that sends all before it reads gets its answer. */
const MAX_DROPPED_BYTES = 256 * 2 ** 20

/**
 * Lets an answer that was given before the body was read reach the client: a socket that is closed while bytes wait in it is reset,
 * and a reset takes away what the client has not read yet (RFC 9112, 9.6).
 *
 * @param ms the longest the rest of a body is waited for.
 */
export function deliverEarlyAnswers(app: FastifyInstance, ms: number): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    closeIfUnread(request, reply, ms)
    done(null, payload)
  })
  app.addHook('onResponse', (request, _reply, done) => {
    dropRest(request.raw, ms)
    done()
  })
}

/** Closes the connection after an answer to a request whose body is not there yet, unless what is missing is little. */
export function closeIfUnread({ raw }: FastifyRequest, reply: FastifyReply, ms: number): void {
  if (raw.complete || !hasBody(raw)) return
  const { socket } = raw
  const isSmall = Number(raw.headers['content-length'] ?? Number.POSITIVE_INFINITY) <= SMALL_BODY_BYTES
  if (!isSmall || waitsToContinue(raw)) reply.header('connection', 'close')
  // Node ends a connection by this, once the answer is written.
  socket.destroySoon = () => {
    if (raw.complete) Socket.prototype.destroySoon.call(socket)
    else closeGently(socket, ms)
  }
}

/** Of the rest of a small body on a connection that stays. */
function dropRest(raw: IncomingMessage, ms: number): void {
  if (raw.complete || !hasBody(raw)) return
  raw.removeAllListeners('data').resume()
  const timer = setTimeout(() => {
    if (!raw.complete) raw.destroy()
  }, ms)
  raw.once('close', () => clearTimeout(timer))
}

/**
 * Ends our side of a connection at once, and drops what comes until the client ends its own, for some time and some bytes.
 * What comes is not looked at: not even Node's parser spends time on it.
 */
export function closeGently(socket: Socket, ms: number): void {
  socket.destroySoon = () => socket.destroy()
  let bytes = 0
  const drop = () =>
    socket.removeAllListeners('data').on('data', (piece) => {
      bytes += piece.length
      if (bytes > MAX_DROPPED_BYTES) socket.destroy()
    })
  // A listener of data takes the socket from Node's parser, and only while the parser has it can a paused one be resumed.
  if (socket.isPaused()) socket.once('resume', drop).resume()
  else drop()
  socket.once('end', () => socket.destroy())
  const timer = setTimeout(() => socket.destroy(), ms)
  socket.once('close', () => clearTimeout(timer))
  socket.end()
}
