import { domainToASCII } from 'node:url'
import { fullFormats } from 'ajv-formats/dist/formats.js'

/** Whether a text is an absolute URI (RFC 3986). */
export function isUri(text: string): boolean {
  const { uri } = fullFormats
  return typeof uri === 'function' && uri(text) === true
}

/**
 * What is not allowed unescaped in a URI (RFC 3986, appendix A), including a "%" that does not start an
 * escape.
 */
const UNESCAPED = /%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]/gu

/** Spaces around it, or invisible characters in it, are a slip, not a missing escape. */
const SLIP = /^\p{Z}|\p{Z}$|[\p{Cc}\p{Cs}]/u

const HOST = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#@]*@)?)([^/?#:@[\]]+)/

/**
 * A text as a URI, its host encoded with IDNA and everything else percent-encoded (RFC 3987, 3.1); undefined:
 * more than escaping is missing. A host that IDNA does not accept is such a case: a percent-encoded space is
 * valid there, but leads nowhere.
 */
export function escapedUri(text: string): string | undefined {
  if (SLIP.test(text) || !text.isWellFormed()) return undefined
  const [whole = '', before = '', host = ''] = HOST.exec(text) ?? []
  const usableHost = host.search(UNESCAPED) === -1 ? host : domainToASCII(host)
  if (host !== '' && usableHost === '') return undefined
  const withHost = before + usableHost + text.slice(whole.length)
  const escaped = withHost.replace(UNESCAPED, encodeURIComponent)
  return escaped !== text && isUri(escaped) ? escaped : undefined
}
