import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Credentials } from '../../tenants/credentials.js'
import type { Caller } from '../../tenants/owners.js'
import { unauthorized } from '../errors.js'
import type { RateLimits } from './rate-limits.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. Set on every API route before its handler runs. */
    caller: Caller
  }
}

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i

/**
 * A hook that lets a request pass only with a token that is somebody's (contract 2, RFC 6750), who does not ask too often.
 * Where too many wrong tokens came from, only tokens pass that have been somebody's before: the clients at work go on.
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
