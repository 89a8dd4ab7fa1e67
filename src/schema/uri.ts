import { domainToASCII } from 'node:url'
import { fullFormats } from 'ajv-formats/dist/formats.js'

/** Whether a text is an absolute URI (RFC 3986). */
export function isUri(text: string): boolean {
  const { uri } = fullFormats
  return typeof uri === 'function' && uri(text) === true
}

/** What has no place in a URI by itself (RFC 3986, appendix A), a "%" that begins no escape among it. */
const UNESCAPED = /%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]/gu

/** Spaces around it, or invisible characters in it, are a slip, not an address that lacks escaping. */
const SLIP = /^\p{Z}|\p{Z}$|[\p{Cc}\p{Cs}]/u

const HOST = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#@]*@)?)([^/?#:@[\]]+)/

/**
 * What a text would be as a URI, its host by IDNA and all else percent-encoded (RFC 3987, 3.1); undefined: it lacks more
 * than escaping.
 */
export function escapedUri(text: string): string | undefined {
  if (SLIP.test(text) || !text.isWellFormed()) return undefined
  const withHost = text.replace(HOST, (whole, before: string, host: string) =>
    /^\p{ASCII}*$/u.test(host) ? whole : before + (domainToASCII(host) || host),
  )
  const escaped = withHost.replace(UNESCAPED, encodeURIComponent)
  return escaped !== text && isUri(escaped) ? escaped : undefined
}
