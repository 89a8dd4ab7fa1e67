import type { FastifyInstance, FastifyReply } from 'fastify'

/**
 * Tells browsers, for which the API is not meant, not to guess the type of a response, not to load or run
 * anything, not to show it in a frame and not to keep a copy. A route with pages sets what they need (see
 * docs.ts).
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/** Sets the headers that a route has not set, and the id of the request, for finding it in the logs. */
export function securityHeaders(app: FastifyInstance): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    reply.header('x-request-id', request.id)
    setSecurityHeaders(reply)
    done(null, payload)
  })
}

const HEADERS = Object.entries(SECURITY_HEADERS)

export function setSecurityHeaders(reply: FastifyReply): void {
  for (const [name, value] of HEADERS) {
    if (!reply.hasHeader(name)) reply.header(name, value)
  }
}
