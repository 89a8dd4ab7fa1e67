import { isStorableText } from '../text/text.js'

/** The most characters of a value that a report shows. */
const MOST = 200

/**
 * What stood in a field, for a report: a text as it is, anything else as JSON, and so is a text that cannot be
 * stored. At most 200 characters; a longer one ends with `…`. Undefined: there was nothing, or what there was is
 * not known any more, as with a number that a double cannot hold exactly.
 */
export function given(value: unknown): string | undefined {
  if (value === undefined || isUnknown(value)) return undefined
  if (typeof value !== 'string') return startOf(jsonOf(value))
  // One more than is shown tells whether there is more.
  const beginning = value.length > MOST ? value.slice(0, MOST + 1).replace(CUT_PAIR, '') : value
  return startOf(isStorableText(beginning) ? [beginning, value.slice(beginning.length)] : jsonOf(value))
}

/** A number beyond the safe integers need not be the one that stood there. */
const isUnknown = (value: unknown): boolean =>
  typeof value === 'number' && !(Math.abs(value) <= Number.MAX_SAFE_INTEGER)

/** Takes no more than is shown, however large the value is. */
function startOf(parts: Iterable<string>): string {
  let text = ''
  for (const part of parts) {
    text += part
    if (text.length > MOST) return `${text.slice(0, MOST - 1).replace(CUT_PAIR, '')}…`
  }
  return text
}

/** The first half of a pair of surrogates, whose other half was cut off. */
const CUT_PAIR = /[\ud800-\udbff]$/

/** Each level begins with a character of its own, so a value of any depth is left in time. */
function* jsonOf(value: unknown): Generator<string, void, undefined> {
  if (typeof value === 'string') yield JSON.stringify(value.slice(0, MOST))
  else if (Array.isArray(value)) {
    let separator = '['
    for (const element of value) {
      yield separator
      yield* jsonOf(element)
      separator = ','
    }
    yield separator === '[' ? '[]' : ']'
  } else if (typeof value === 'object' && value !== null) {
    let separator = '{'
    for (const name in value) {
      yield `${separator}${JSON.stringify(name.slice(0, MOST))}:`
      yield* jsonOf((value as Readonly<Record<string, unknown>>)[name])
      separator = ','
    }
    yield separator === '{' ? '{}' : '}'
  } else yield isUnknown(value) ? '…' : String(value)
}
