import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { requestTimeout } from '../errors.js'
import { checkContentEncoding } from './content-encoding.js'
import { hasBody, isChunked, RequestBody } from './request-body.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body is a file, which may take as long as it takes while its bytes keep coming. */
    takesFile?: boolean
  }
}

/**
 * Lets every body be read as a `RequestBody`, in an encoding that is known. One that is no file has to be there in time: Node's own
 * limit would be for uploads as well. Node limits the time for headers.
 *
 * @param ms the longest a body that is no file may take.
 */
export function readBodies(app: FastifyInstance, ms: number): void {
  // A chunked body is held back from its headers on: nobody knows how small its chunks are.
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
    if (!takesFile) {
      const timer = setTimeout(() => body.fail(requestTimeout()), ms)
      reply.raw.once('close', () => clearTimeout(timer))
    }
    return done(null, body)
  })
  app.server.on('checkContinue', (request, response) => app.server.emit('request', request, response))
}
