import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Credentials } from '../../tenants/credentials.js'
import type { Caller } from '../../tenants/owners.js'
import { unauthorized } from '../errors.js'
import type { RateLimits } from './rate-limits.js'
import { sessionOf } from './session-cookie.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller. Set on every API route before its handler runs. */
    caller: Caller
    /** The secret of the session that it is made in; undefined: it has a token. */
    session: string | undefined
    /** Its token; undefined: it is made in a session. */
    token: string | undefined
  }
}

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i

/**
 * A hook that accepts a request only with a valid token (contract 2, RFC 6750), or in a session of the console,
 * whose owner does not send too many. A token goes before a session. From an address with too many wrong ones,
 * only those that were valid before are accepted, so that active clients can continue.
 */
export function authenticate(credentials: Credentials, limits: RateLimits) {
  return async (request: FastifyRequest, _reply: FastifyReply): Promise<void> => {
    const { authorization } = request.headers
    const token = BEARER.exec(authorization ?? '')?.[1]
    const session = authorization === undefined ? sessionOf(request) : undefined
    const admit = () => limits.admitAddress(request.ip)
    const caller =
      token !== undefined
        ? await credentials.callerOf(token, admit)
        : session && (await credentials.callerOfSession(session.secret, admit))
    if (!caller) {
      if (token !== undefined || session) await limits.countWrongSecret(request.ip)
      throw unauthorized()
    }
    // Another tab may have signed in with another key since.
    if (session && !session.isOf(caller.credentialId)) throw unauthorized()
    await limits.countRequest(caller.credentialId)
    request.caller = caller
    request.token = token
    request.session = session?.secret
  }
}
