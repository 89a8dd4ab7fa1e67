import { quotable } from './invisible.js'

/** A noun with its article: `an offering`, `a plan`. */
export const withArticle = (noun: string): string => `${/^[aeio]/.test(noun) ? 'an' : 'a'} ${noun}`

/** PostgreSQL's `text` cannot hold U+0000, nor UTF-8 an unpaired surrogate (contract 7). */
export function isStorableText(value: string): boolean {
  return !value.includes('\0') && value.isWellFormed()
}

/**
 * The start of a caller's text for a sentence: at most 100 UTF-16 units of it, with invisible characters
 * named (`<U+FEFF>`), which makes it storable.
 */
export function excerpt(text: string): string {
  if (text.length <= 100) return quotable(text)
  const beginning = text.slice(0, 100).replace(CUT_PAIR, '')
  return `${quotable(beginning)}…`
}

/** The first half of a pair of surrogates, whose other half was cut off. */
const CUT_PAIR = /[\ud800-\udbff]$/
