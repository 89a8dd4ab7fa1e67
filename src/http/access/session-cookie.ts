import type { FastifyRequest } from 'fastify'
import { requestUrl } from '../urls.js'

/*
 * The session of the console: a cookie that no script reads and that no other site's request carries. All
 * ports of a host share their cookies and count as one site, so the cookie alone proves nothing.
 */

/** The header with the id of the credential that the page is signed in with, or `*` if it asks which. */
const CREDENTIAL_HEADER = 'x-intake-credential'

/** A secret as we generate them. */
const SECRET = /^[\w-]{1,100}$/

/** The session that a request is made in. */
export interface GivenSession {
  readonly secret: string
  /** Whether the page may be signed in with this credential. */
  isOf(credentialId: string): boolean
}

/** The session of a request that a page of this very service has sent; undefined: it is no such request. */
export function sessionOf(request: FastifyRequest): GivenSession | undefined {
  const secret = secretIn(request)
  const expected = request.headers[CREDENTIAL_HEADER]
  if (secret === undefined || expected === undefined || !isSameOrigin(request)) return undefined
  return { secret, isOf: (credentialId) => expected === '*' || expected === credentialId }
}

/**
 * Whether the browser says that a page of this service sends the request. One that does not say where it
 * comes from, as over http from another machine, has the header above, which a page of another origin could
 * only send after a preflight (Fetch, 4.8), and those are never granted.
 */
function isSameOrigin(request: FastifyRequest): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers
  if (site !== undefined) return site === 'same-origin'
  return origin === undefined || origin === requestUrl(request).origin
}

/** The secret in the cookie, whoever sends it. */
export function secretIn(request: FastifyRequest): string | undefined {
  const prefix = `${cookieName(request)}=`
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const value = pairs.find((pair) => pair.startsWith(prefix))?.slice(prefix.length)
  return value !== undefined && SECRET.test(value) ? value : undefined
}

/**
 * `Set-Cookie` for a session. Without a time: the browser forgets it when it closes, and the server decides
 * how long it is valid.
 */
export const cookieWith = (request: FastifyRequest, secret: string): string =>
  `${cookieName(request)}=${secret}; ${attributes(request)}`

/** `Set-Cookie` that removes it. */
export const noCookie = (request: FastifyRequest): string =>
  `${cookieName(request)}=; ${attributes(request)}; Max-Age=0`

const attributes = (request: FastifyRequest): string =>
  `Path=/; HttpOnly; SameSite=Strict${isSecure(request) ? '; Secure' : ''}`

/**
 * With the port that the browser asks: two services on one host share their cookies. Over https the prefix
 * keeps other hosts of the domain from setting one (RFC 6265bis, 4.1.3).
 */
function cookieName(request: FastifyRequest): string {
  const { port } = requestUrl(request)
  return `${isSecure(request) ? '__Host-' : ''}intake_session_${port || 'default'}`
}

const isSecure = ({ protocol }: FastifyRequest): boolean => protocol === 'https'
