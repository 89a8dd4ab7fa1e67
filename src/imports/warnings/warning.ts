import { recordTypeOf } from '../../records/index.js'
import { withArticle } from '../../text/text.js'
import type { WarningCode } from '../terms.js'

/** What is no error and yet would surprise (contract 10). */
export interface WarningKind {
  readonly code: WarningCode
  /** The records' type; empty: it is about the file. */
  readonly type: string
  /** The attribute, without places: `products[].colour`; empty: none. */
  readonly field: string
}

/** How many lines have it. */
export interface CountedWarning extends WarningKind {
  readonly lines: number
  /** The first of them. */
  readonly first: number
}

/** Says it in a sentence, without a full stop. */
export function warningSentence({ code, type, field }: WarningKind): string {
  const noun = recordTypeOf(type)?.noun ?? 'record'
  switch (code) {
    case 'unknown_attribute':
      return `"${field}" is not an attribute of ${withArticle(noun)}: it is ignored`
    case 'no_external_ref':
      return `${noun}s without an external_ref: imported again, they would be added again`
    case 'same_file':
      return 'a file with the same content was imported before'
    default:
      return `${noun}s with the ${field} of an earlier one`
  }
}

/** As warnings are listed: first what most lines have. */
export const inOrder = <Warning extends CountedWarning>(warnings: readonly Warning[]): readonly Warning[] =>
  [...warnings].sort((a, b) => b.lines - a.lines || a.first - b.first || (keyOf(a) < keyOf(b) ? -1 : 1))

const keyOf = ({ code, type, field }: WarningKind): string => `${code} ${type} ${field}`
