import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { requestTimeout } from './errors.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body is a file, which may take as long as it takes as long as it does not rest. */
    takesFile?: boolean
  }
}

/**
 * Ends requests whose body comes drop by drop: Node's own limit would be for uploads as well. Node sees to the headers, and to
 * connections on which nothing moves.
 *
 * @param ms for so long a body may come that is not an upload; and, after an answer, what of a body nobody reads.
 */
export function limitBodyTime(app: FastifyInstance, ms: number): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (hasBody(request) && request.routeOptions.config.takesFile !== true) {
      const { raw } = request
      const timer = after(ms, raw, () => {
        // Whoever reads the body answers the error. If nobody does, there may be an answer already, or one to come.
        if (reply.sent || raw.listenerCount('error') === 0) raw.destroy()
        else raw.emit('error', requestTimeout())
      })
      raw.once('end', () => clearTimeout(timer))
    }
    done()
  })
  app.addHook('onResponse', (request, _reply, done) => {
    const { raw } = request
    if (hasBody(request) && !raw.complete) after(ms, raw, () => raw.destroy())
    done()
  })
}

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** Does something in `ms`, unless the request is whole by then or its connection is closed. */
function after(ms: number, raw: IncomingMessage, act: () => void): NodeJS.Timeout {
  const timer = setTimeout(() => {
    if (!raw.complete) act()
  }, ms)
  raw.once('close', () => clearTimeout(timer))
  return timer
}
