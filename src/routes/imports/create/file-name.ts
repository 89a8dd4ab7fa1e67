import { isUtf8 } from 'node:buffer'
import { parse } from 'content-disposition'
import { isStorableText } from '../../../text/text.js'

const MAX_CHARACTERS = 255

/**
 * The name of a file without its folders; undefined: it has none that can be kept and shown.
 *
 * @param given with slashes of any system.
 */
export function fileName(given: string | undefined): string | undefined {
  const name = given?.split(/[/\\]/).at(-1) ?? ''
  const isUsable = !['', '.', '..'].includes(name) && isStorableText(name)
  return isUsable && [...name].length <= MAX_CHARACTERS ? name : undefined
}

const ESCAPES: Readonly<Record<string, string>> = { '%0A': '\n', '%0D': '\r', '%22': '"' }

/**
 * The `filename` of a form's part, which browsers escape in these three characters only:
 * https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
 */
export const partFileName = (given: string | undefined): string | undefined =>
  fileName(given?.replaceAll(/%0A|%0D|%22/g, (escaped) => ESCAPES[escaped] ?? escaped))

/** The `filename` of a request's `Content-Disposition` (RFC 6266), or else its `filename*`. */
export const headerFileName = (header: string | undefined): string | undefined =>
  header === undefined ? undefined : fileName(utf8(parse(header).parameters.filename))

/** Node reads headers as ISO 8859-1, but clients write names in UTF-8. */
function utf8(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const bytes = Buffer.from(text, 'latin1')
  return bytes.toString('latin1') === text && isUtf8(bytes) ? bytes.toString('utf8') : text
}
