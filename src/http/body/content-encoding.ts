import type { IncomingMessage } from 'node:http'
import { compressionNames } from '../../imports/file/decompress.js'
import { unknownContentEncoding } from '../errors.js'
import { isJsonLines } from './media-types.js'

/**
 * Accepts a body without a content encoding, and a file that is the whole body in the encodings that files
 * may be compressed in, which are detected by its first bytes in any case (RFC 9110, 8.4).
 *
 * @throws HttpError 415
 */
export function checkContentEncoding({ headers }: IncomingMessage, takesFile: boolean): void {
  const codings = (headers['content-encoding'] ?? '')
    .split(',')
    .map((coding) =>
      coding
        .trim()
        .toLowerCase()
        .replace(/^x-gzip$/, 'gzip'),
    )
    .filter((coding) => coding !== '' && coding !== 'identity')
  const known = takesFile && isJsonLines(headers['content-type']) ? compressionNames : []
  const isKnown = codings.length <= 1 && codings.every((coding) => known.includes(coding))
  if (!isKnown) throw unknownContentEncoding(codings.join(', '), known)
}
