import type { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Holds } from '../body/holds.js'
import { hasBody, waitsToContinue } from '../body/request-body.js'

/** The most of a body's rest that is read for the sake of the next request. */
const SMALL_BODY_BYTES = 64 * 1024

/**
 * How much of an unwanted body is read and dropped, so that a client that sends everything before it reads
 * gets its response.
 */
const MAX_DROPPED_BYTES = 256 * 2 ** 20

/**
 * Makes a response that was sent before the body was read reach the client: closing a socket with unread
 * bytes resets it, and a reset discards what the client has not read yet (RFC 9112, 9.6).
 *
 * @param ms the longest to wait for the rest of a body.
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

/**
 * Closes the connection after a response to a request whose body has not arrived, unless little is missing.
 */
export function closeIfUnread({ raw }: FastifyRequest, reply: FastifyReply, ms: number): void {
  if (raw.complete || !hasBody(raw)) return
  const { socket } = raw
  const isSmall = Number(raw.headers['content-length'] ?? Number.POSITIVE_INFINITY) <= SMALL_BODY_BYTES
  if (!isSmall || waitsToContinue(raw)) reply.header('connection', 'close')
  // With this, Node ends the connection once the response is written.
  socket.destroySoon = () => {
    if (raw.complete) Socket.prototype.destroySoon.call(socket)
    else closeGently(socket, ms)
  }
}

/** Drops the rest of a small body on a connection that stays open. */
function dropRest(raw: IncomingMessage, ms: number): void {
  if (raw.complete || !hasBody(raw)) return
  raw.removeAllListeners('data').resume()
  const timer = setTimeout(() => {
    if (!raw.complete) raw.destroy()
  }, ms)
  raw.once('close', () => clearTimeout(timer))
}

/**
 * Ends our side of a connection at once, and drops what arrives until the client ends its own, for a limited
 * time and number of bytes. Nobody looks at what arrives: not even Node's parser spends time on it.
 */
export function closeGently(socket: Socket, ms: number): void {
  socket.destroySoon = () => socket.destroy()
  Holds.of(socket).end()
  let bytes = 0
  const drop = () =>
    socket.removeAllListeners('data').on('data', (piece) => {
      bytes += piece.length
      if (bytes > MAX_DROPPED_BYTES) socket.destroy()
    })
  // A data listener takes the socket from Node's parser, and a paused socket can be resumed only while the
  // parser has it.
  if (socket.isPaused()) socket.once('resume', drop).resume()
  else drop()
  socket.once('end', () => socket.destroy())
  const timer = setTimeout(() => socket.destroy(), ms)
  socket.once('close', () => clearTimeout(timer))
  socket.end()
}
