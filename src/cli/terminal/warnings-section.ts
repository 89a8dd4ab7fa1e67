import { type CountedWarning, warningSentence } from '../../imports/warnings/warning.js'
import { number } from '../../text/numbers.js'
import type { Style } from './summary.js'
import { drawTable } from './table.js'
import { printable, wrap } from './terminal.js'

/** How many warnings are shown. */
const MOST = 10

/** What the columns before the sentences take. */
const BEFORE = 20

/** The warnings of a file, under a heading. */
export function warningsSection(warnings: readonly CountedWarning[], { colors, width }: Style): string {
  const shown = warnings.slice(0, MOST)
  const further = warnings.length > shown.length ? ` (the first ${shown.length})` : ''
  const heading = `What is no error and yet may surprise${further}, with the number of lines and the first of them:`
  const table = drawTable(
    ['lines', 'first', 'warning'].map((title) => colors.bold(title)),
    ['right', 'right', 'left'],
    shown.map((warning) => [
      number(warning.lines),
      number(warning.first),
      wrap(
        printable(warningSentence(warning)),
        width === undefined ? undefined : Math.max(width - BEFORE, BEFORE),
      ),
    ]),
  )
  return `${wrap(heading, width)}\n\n${table}\n`
}

/** A warning in JSON, as the API has it. */
export const warningAsJson = (warning: CountedWarning) => ({
  code: warning.code,
  field: warning.field,
  record_type: warning.type,
  warning: warningSentence(warning),
  lines: warning.lines,
  first_line_number: warning.first,
})
