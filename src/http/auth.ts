import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Credentials } from '../tenants/credentials.js'
import type { Caller } from '../tenants/owners.js'
import { unauthorized } from './errors.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. Set on every API route before its handler runs. */
    caller: Caller
  }
}

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i

/** A hook that lets a request pass only with a token that is somebody's (contract 2, RFC 6750). */
export function authenticate(credentials: Credentials) {
  return async (request: FastifyRequest, _reply: FastifyReply): Promise<void> => {
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1]
    const caller = token === undefined ? undefined : await credentials.callerOf(token)
    if (!caller) throw unauthorized()
    request.caller = caller
  }
}
