import { METHODS as NODE_METHODS, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type {
  FastifyError,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifyServerOptions,
} from 'fastify'
import { isTimeout } from '../db/errors.js'
import { isOutage } from '../db/outage.js'
import { WaitedTooLong } from '../db/owner-pool.js'
import { UploadsAway } from '../uploads/store.js'
import { ClientGone } from './body/request-body.js'
import { closeGently, closeIfUnread } from './connections/early-answers.js'
import { requestsOn } from './connections/requests.js'
import {
  badRequest,
  HttpError,
  internalServerError,
  methodNotAllowed,
  refused,
  serviceUnavailable,
  tookTooLong,
  uploadsAway,
  waitedTooLong,
} from './errors.js'
import { SECURITY_HEADERS, setSecurityHeaders } from './security-headers.js'

/**
 * Turns everything that is thrown into the one form of errors (contract 3), and logs server errors.
 *
 * @param noRoute answers what no route is for.
 */
export function errorHandlers(app: FastifyInstance, noRoute: HttpError): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const answer = answerTo(error, request)
    if (answer) return send(reply, answer)
    // There is nobody to read a response.
    request.log.info('the client went away')
    reply.hijack()
    // A connection that is being closed may still carry the response to something that could not be read as
    // HTTP.
    if (!request.socket.writableEnded) reply.raw.destroy()
    // A return value would be sent.
    return undefined
  })
  app.setNotFoundHandler((_request, reply) => send(reply, noRoute))
}

/**
 * What the router refuses before there is a route, such as a URL that cannot be decoded.
 *
 * @param ms the longest the rest of a body is waited for.
 */
export const frameworkErrors =
  (ms: number): NonNullable<FastifyServerOptions['frameworkErrors']> =>
  (error, request, reply) => {
    // No hook runs for these.
    setSecurityHeaders(reply as FastifyReply)
    closeIfUnread(request as FastifyRequest, reply as FastifyReply, ms)
    send(reply as FastifyReply, refused(error.statusCode ?? 400, error.message))
  }

const UNREADABLE: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The URL and the headers are too long.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The headers did not arrive in time.'],
}

/**
 * Answers what never became a request because Node could not read it as HTTP.
 *
 * @param ms the longest to wait for the rest of what the client sends.
 */
export const clientErrorHandler =
  (ms: number) =>
  (error: NodeJS.ErrnoException, socket: Socket): void => {
    const { code } = error
    if (code === 'ECONNRESET' || !socket.writable) {
      socket.destroySoon()
      return
    }
    const [status, detail] = UNREADABLE[code ?? ''] ?? [400, 'This is not an HTTP/1.1 request.']
    const body = JSON.stringify({ errors: refused(status, detail).entries })
    const headers = Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json; charset=utf-8\r\n${headers.join('')}` +
        `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
    )
    closeGently(socket, ms)
    // Whoever still reads a body gets the error at once. A body that nobody reads has no listener.
    for (const request of requestsOn(socket)) {
      if (request.listenerCount('error') > 0) request.emit('error', error)
    }
  }

/**
 * Answers in our form what Node itself would answer without a body and our headers: a request without `Host`,
 * which Node is configured to let through, and one with an unknown expectation, which may be ignored (RFC
 * 9110, 10.1.1).
 */
export function unusualRequests(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { httpVersion, headers } = request.raw
    const isMissing = httpVersion === '1.1' && headers.host === undefined
    done(isMissing ? badRequest('An HTTP/1.1 request must have the header "Host".') : undefined)
  })
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
}

function answerTo(error: FastifyError, request: FastifyRequest): HttpError | undefined {
  if (error instanceof HttpError) return error
  if (error instanceof ClientGone) return undefined
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return refused(error.statusCode, error.message)
  }
  if (isOutage(error)) {
    request.log.error({ err: error }, 'the database cannot be reached')
    return serviceUnavailable()
  }
  if (error instanceof UploadsAway) {
    request.log.error({ reason: error.message }, 'the uploads are away')
    return uploadsAway()
  }
  if (error instanceof WaitedTooLong) {
    request.log.warn({ owner_id: request.caller.ownerId }, 'a request waited too long for a connection')
    return waitedTooLong()
  }
  if (isTimeout(error)) {
    request.log.error({ err: error }, 'the database took too long')
    return tookTooLong()
  }
  request.log.error({ err: error }, 'request failed')
  return internalServerError(request.id)
}

function send(reply: FastifyReply, { statusCode, headers, entries }: HttpError): FastifyReply {
  return reply.code(statusCode).headers(headers).send({ errors: entries })
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route exists only to answer 405. */
    isClosed?: boolean
  }
}

/** All that Node reads; it hands CONNECT to nobody. */
const METHODS = NODE_METHODS.filter((method) => method !== 'CONNECT')

/** Those that no route of ours is open to. None of their bodies is read. */
const FOREIGN_METHODS = METHODS.filter(
  (method) => !['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'].includes(method),
)

/**
 * Lets routes be closed to the methods that Fastify does not know by itself, or has rules of its own for, as
 * for QUERY.
 */
export function knowAllMethods(app: FastifyInstance): void {
  for (const method of FOREIGN_METHODS) app.addHttpMethod(method, { overrideExisting: true })
}

/**
 * Records the routes of `app` as they are added; the returned function then answers every other method of
 * their paths with 405, naming those that are allowed.
 */
export function closeOtherMethods(app: FastifyInstance): () => void {
  const open = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    // Without the prefix of `app`, which is put in front again when a route is added.
    const path = url.slice(app.prefix.length)
    const methods = open.get(path) ?? new Set()
    for (const one of [method].flat()) methods.add(one)
    open.set(path, methods)
  })
  return () => {
    for (const [url, methods] of [...open]) {
      const allowed = [...methods].sort()
      app.route({
        url,
        method: METHODS.filter((method) => !methods.has(method)),
        config: { isClosed: true },
        schema: { hide: true },
        // A body does not matter, whatever its type.
        onRequest: async () => {
          throw methodNotAllowed(allowed)
        },
        handler: async () => {},
      })
    }
  }
}
