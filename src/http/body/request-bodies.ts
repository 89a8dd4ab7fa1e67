import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { requestTimeout } from '../errors.js'
import { checkContentEncoding } from './content-encoding.js'
import { hasBody, isChunked, RequestBody } from './request-body.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body is a file, which may take any time as long as its bytes keep coming. */
    takesFile?: boolean
  }
}

/**
 * Makes every body readable as a `RequestBody`, in a known encoding. A body that is not a file must arrive in
 * time: Node's own limit would apply to uploads too. Node limits the time for headers.
 *
 * @param ms the longest a body that is not a file may take.
 */
export function readBodies(app: FastifyInstance, ms: number): void {
  // A chunked body is held back from its headers on: its chunks may be tiny.
  const chunked = new WeakMap<IncomingMessage, RequestBody>()
  app.server.prependListener('request', (request, response) => {
    if (isChunked(request)) chunked.set(request, new RequestBody(request, response))
  })
  app.addHook('preParsing', (request, reply, payload, done) => {
    const { raw, is404 } = request
    const takesFile = request.routeOptions.config.takesFile === true
    if (!takesFile && !hasBody(raw)) return done(null, payload)
    try {
      if (!is404) checkContentEncoding(raw, takesFile)
    } catch (error) {
      return done(error as Error)
    }
    const body = chunked.get(raw) ?? new RequestBody(raw, reply.raw)
    if (takesFile) return done(null, body)
    body.passOnForWhole()
    // Of a client that has gone already, the event would never come.
    if (!raw.destroyed) {
      const timer = setTimeout(() => body.fail(requestTimeout()), ms)
      reply.raw.once('close', () => clearTimeout(timer))
    }
    return done(null, body)
  })
  app.server.on('checkContinue', (request, response) => app.server.emit('request', request, response))
}
