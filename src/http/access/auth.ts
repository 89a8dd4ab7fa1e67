import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Credentials } from '../../tenants/credentials.js'
import type { Caller } from '../../tenants/owners.js'
import { unauthorized } from '../errors.js'
import type { RateLimits } from './rate-limits.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller. Set on every API route before its handler runs. */
    caller: Caller
  }
}

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i

/**
 * A hook that accepts a request only with a valid token (contract 2, RFC 6750) whose owner does not send too
 * many. From an address with too many wrong tokens, only tokens that were valid before are accepted, so that
 * active clients can continue.
 */
export function authenticate(credentials: Credentials, limits: RateLimits) {
  return async (request: FastifyRequest, _reply: FastifyReply): Promise<void> => {
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) throw unauthorized()
    const caller = await credentials.callerOf(token, () => limits.admitAddress(request.ip))
    if (!caller) {
      await limits.countWrongSecret(request.ip)
      throw unauthorized()
    }
    await limits.countRequest(caller.credentialId)
    request.caller = caller
  }
}
