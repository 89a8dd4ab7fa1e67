import { quotable } from './invisible.js'

/** A noun with its article: `an offering`, `a plan`. */
export const withArticle = (noun: string): string => `${/^[aeio]/.test(noun) ? 'an' : 'a'} ${noun}`

/** PostgreSQL's `text` holds no U+0000, and UTF-8 no unpaired surrogate (contract 7). */
export function isStorableText(value: string): boolean {
  return !value.includes('\0') && value.isWellFormed()
}

/**
 * The beginning of a caller's text for a sentence: at most 100 UTF-16 units of it, with what nobody sees named
 * (`<U+FEFF>`), and so storable.
 */
export function excerpt(text: string): string {
  if (text.length <= 100) return quotable(text)
  const beginning = text.slice(0, 100).replace(CUT_PAIR, '')
  return `${quotable(beginning)}…`
}

/** The first half of a pair of surrogates, whose other half was cut off. */
const CUT_PAIR = /[\ud800-\udbff]$/
