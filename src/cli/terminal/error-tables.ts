import { counted, number } from '../../text/numbers.js'
import type { ErrorAnswer, ErrorKindAnswer, WarningAnswer } from '../client/client.js'
import type { Style } from './summary.js'
import { drawTable } from './table.js'
import { printable, wrap } from './terminal.js'

/** With more errors than this, a report shows kinds. */
export const MOST_ERRORS = 20

/** How many kinds a report shows. */
export const MOST_KINDS = 5

/** Errors of single lines, one below the other. */
export const errorsTable = (errors: readonly ErrorAnswer[], style: Style): string =>
  drawErrors(
    ['line', 'field', 'error'],
    errors.map(({ meta: { line_number, field, error } }) => ({ numbers: [line_number], field, error })),
    style,
  )

/** Errors by kind, one below the other. */
export const kindsTable = (kinds: readonly ErrorKindAnswer[], style: Style): string =>
  drawErrors(
    ['lines', 'first', 'field', 'error'],
    kinds.map(({ meta: { lines, first_line_number, field, error } }) => ({
      numbers: [lines, first_line_number],
      field,
      error,
    })),
    style,
  )

/** Warnings, one below the other. */
export const warningsTable = (warnings: readonly WarningAnswer[], style: Style): string =>
  drawErrors(
    ['lines', 'first', 'field', 'warning'],
    warnings.map(({ meta: { lines, first_line_number, field, warning } }) => ({
      numbers: [lines, first_line_number],
      field,
      error: warning,
    })),
    style,
  )

/** References that lead nowhere, one below the other. `reference`: in words. */
export const referencesTable = (
  references: readonly { readonly line: number; readonly field: string; readonly reference: string }[],
  style: Style,
): string =>
  drawErrors(
    ['line', 'field', 'reference'],
    references.map(({ line, field, reference }) => ({ numbers: [line], field, error: reference })),
    style,
  )

/** What is wrong with a file, under a heading: every error if there are few, else the most frequent kinds. */
export function errorsSection(
  all: number,
  errors: readonly ErrorAnswer[],
  kinds: readonly ErrorKindAnswer[],
  style: Style,
): string {
  if (all <= MOST_ERRORS) return `${counted(all, 'error')}:\n\n${errorsTable(errors, style)}\n`
  const shown = kinds.slice(0, MOST_KINDS)
  const most = kinds.length > shown.length ? `. The ${shown.length} most frequent` : ''
  const heading = `${counted(all, 'error')} of ${counted(kinds.length, 'kind')}${most}, with the number of lines and the first of them:`
  return `${wrap(heading, style.width)}\n\n${kindsTable(shown, style)}\n`
}

interface Row {
  /** Undefined: there is none, such as the first of no lines. */
  readonly numbers: readonly (number | undefined)[]
  readonly field: string
  readonly error: string
}

const GAP = 2
const NARROWEST = 16

/** @param titles of the numbers, then of field and error. */
function drawErrors(titles: readonly string[], rows: readonly Row[], { colors, width }: Style): string {
  const texts = rows.map(({ numbers, field, error }) => ({
    numbers: numbers.map((one) => (one === undefined ? '' : number(one))),
    field: printable(field) || '(whole line)',
    error: printable(error),
  }))
  const fixed = titles
    .slice(0, -2)
    .map((title, index) => longest([title, ...texts.map(({ numbers }) => numbers[index] ?? '')]))
  const least = fixed.reduce((sum, one) => sum + one + GAP, 0) + NARROWEST + GAP + NARROWEST
  if (width !== undefined && width < least) return drawBlocks(titles, texts, { colors, width })
  const left = width === undefined ? undefined : width - fixed.reduce((sum, one) => sum + one + GAP, 0) - GAP
  const { fieldColumns, errorColumns } = columnsFor(
    longest(['field', ...texts.map(({ field }) => field)]),
    left,
  )
  return drawTable(
    titles.map((title) => colors.bold(title)),
    [...fixed.map(() => 'right' as const), 'left', 'left'],
    texts.map(({ numbers, field, error }) => [
      ...numbers,
      colors.cyan(wrap(field, fieldColumns)),
      wrap(error, errorColumns),
    ]),
  )
}

/** Each row as lines of its own, where a table is too wide. */
function drawBlocks(
  titles: readonly string[],
  rows: readonly { numbers: readonly string[]; field: string; error: string }[],
  { colors, width }: Style,
): string {
  const blocks = rows.map(({ numbers, field, error }) => {
    const counts = numbers.flatMap((one, index) => (one === '' ? [] : [`${titles[index]} ${one}`]))
    return `${colors.cyan(wrap([...counts, field].join(', '), width))}\n${wrap(error, width)}`
  })
  return blocks.join('\n\n')
}

const longest = (texts: readonly string[]): number =>
  texts.reduce((most, { length }) => Math.max(most, length), 0)

/** @param left the width of field and error together; undefined: unlimited */
function columnsFor(longestField: number, left: number | undefined) {
  if (left === undefined) return { fieldColumns: undefined, errorColumns: undefined }
  const fieldColumns = Math.min(longestField, Math.max(Math.floor(left / 3), NARROWEST))
  return { fieldColumns, errorColumns: Math.max(left - fieldColumns, NARROWEST) }
}
