import type { FastifyInstance, FastifyReply } from 'fastify'

/**
 * What every answer says to a browser, which is not whom the API is for: take it for nothing but what it says it is, load and
 * run nothing, show it in no frame, keep no copy. A route that has pages sets what they need (see docs.ts).
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/** Sets those that a route has not set, and the id of the request, by which people find it in the logs. */
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
