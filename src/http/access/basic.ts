/** A client id and its secret. */
export interface ClientSecret {
  readonly id: string
  readonly secret: string
}

/** The challenge for a client whose HTTP Basic credentials were wrong (RFC 7617, 2). */
export const BASIC_CHALLENGE = 'Basic realm="intake", charset="UTF-8"'

const SCHEME = /^Basic(?: |$)/i

export const isBasic = (authorization: string | undefined): boolean => SCHEME.test(authorization ?? '')

/**
 * Reads a client from `Authorization: Basic …` (RFC 6749, 2.3.1): id and secret, each form-encoded, joined by
 * a colon, in base64. Undefined: it is something else.
 */
export function readBasic(authorization: string): ClientSecret | undefined {
  const text = Buffer.from(authorization.replace(SCHEME, '').trim(), 'base64').toString('utf8')
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(text) ?? []
  if (id === undefined || secret === undefined) return undefined
  try {
    return { id: formDecoded(id), secret: formDecoded(secret) }
  } catch {
    // A "%" that does not start an escape.
    return undefined
  }
}

/** @throws URIError */
const formDecoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))
