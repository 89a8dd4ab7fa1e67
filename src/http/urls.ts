import type { FastifyRequest } from 'fastify'
import { UUID_PATTERN } from '../records/attributes.js'
import { validationError } from './errors.js'

const HOST = /^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

/** The absolute URL that was asked for. A `Host` that is none is replaced by the address that was connected to. */
export function requestUrl(request: FastifyRequest): URL {
  const { localAddress = '127.0.0.1', localPort = 80 } = request.socket
  const address = localAddress.includes(':') ? `[${localAddress}]` : localAddress
  const host = HOST.test(request.host) ? request.host : `${address}:${localPort}`
  return new URL(request.url, `${request.protocol}://${host}`)
}

/** Reads an id from the path. @throws HttpError 400 if it is no UUID. */
export function readId(params: unknown, name = 'id'): string {
  const id = (params as Readonly<Record<string, string>>)[name] ?? ''
  if (!UUID_PATTERN.test(id)) throw validationError('', [{ field: name, error: `${name} must be a UUID` }])
  return id.toLowerCase()
}
