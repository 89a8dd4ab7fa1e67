import type { FastifyRequest } from 'fastify'

/** The absolute URL that was requested. An invalid `Host` is replaced by the address of the connection. */
export function requestUrl(request: FastifyRequest): URL {
  const { localAddress = '127.0.0.1', localPort = 80 } = request.socket
  const address = localAddress.includes(':') ? `[${localAddress}]` : localAddress
  const given = `${request.protocol}://${request.host}`
  const origin = isOrigin(given) ? given : `${request.protocol}://${address}:${localPort}`
  return new URL(pathAndQuery(request.url), origin)
}

/** Whether this is a scheme, a host and perhaps a port, and nothing else. */
function isOrigin(given: string): boolean {
  return /^[a-z]+:\/\/[^/?#@\\\s]+$/.test(given) && URL.canParse(given)
}

/** A request may name the whole URL instead of its path (RFC 9112, 3.2.2). */
const pathAndQuery = (target: string): string =>
  target.replace(/^[a-z]+:\/\/[^/?]*/i, '').replace(/^\/*/, '/')
