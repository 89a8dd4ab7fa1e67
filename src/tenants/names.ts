import { validate as isUuid } from 'uuid'
import { showInvisible } from '../text/invisible.js'

/** In code points, as people count. */
const LONGEST = 100

/**
 * What is wrong with the name of something new, which a person can type and read, and which is not an id:
 * `must not look like an id`. Undefined: nothing.
 */
export function whyNotName(name: string): string | undefined {
  const isReadable = name === name.trim() && name !== '' && showInvisible(name) === name
  if (!isReadable || [...name].length > LONGEST) {
    return `must have 1 to ${LONGEST} characters, no control characters, and no space at either end`
  }
  return isUuid(name) ? 'must not look like an id' : undefined
}
