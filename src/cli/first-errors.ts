import { count, number } from './amounts.js'
import { type ErrorAnswer, errorsPath, type ImportAnswer } from './client.js'
import type { Server } from './find-server.js'
import type { Style } from './summary.js'
import { drawTable } from './table.js'
import { printable, wrap } from './terminal.js'

/** How many errors are shown; the API has all of them. */
export const SHOWN_ERRORS = 20

/** Some errors, one below the other, of `all` that the import has. */
export function errorsTable(errors: readonly ErrorAnswer[], all: number, { colors, width }: Style): string {
  const rows = errors.map(({ meta: { line_number, field, error } }) => ({
    line: number(line_number),
    field: printable(field) || '(whole line)',
    error: printable(error),
  }))
  const { fieldColumns, errorColumns } = columnsFor(rows, width)
  const table = drawTable(
    ['line', 'field', 'error'].map((title) => colors.bold(title)),
    ['right', 'left', 'left'],
    rows.map(({ line, field, error }) => [
      line,
      colors.cyan(wrap(field, fieldColumns)),
      wrap(error, errorColumns),
    ]),
  )
  const first = all > errors.length ? `The first ${number(errors.length)} of ` : ''
  return `${first}${count(all, 'error')}:\n\n${table}\n`
}

const GAPS = 4
const NARROWEST = 16

function columnsFor(rows: readonly { line: string; field: string }[], width: number | undefined) {
  if (width === undefined) return { fieldColumns: undefined, errorColumns: undefined }
  const longest = (texts: string[]) => Math.max(...texts.map((text) => text.length))
  const left = width - GAPS - Math.max(longest(rows.map(({ line }) => line)), 'line'.length)
  const fieldColumns = Math.min(
    Math.max(longest(rows.map(({ field }) => field)), 'field'.length),
    Math.max(Math.floor(left / 3), NARROWEST),
  )
  return { fieldColumns, errorColumns: Math.max(left - fieldColumns, NARROWEST) }
}

/** How to fetch all errors when not all are shown. */
export function howToFetchAll(
  server: Server,
  { id, meta: { errors } }: ImportAnswer,
  { width }: Style,
): string {
  const hidden = errors - SHOWN_ERRORS
  const sentence =
    `${count(hidden, 'more error')} ${hidden === 1 ? 'is' : 'are'} not shown. ` +
    `This fetches all of them as JSON Lines${server.isOwn ? ', while `intake serve` runs' : ''}:`
  return `${wrap(sentence, width)}

  curl -H "Authorization: Bearer ${server.keyInShell}" \\
    -H 'Accept: application/jsonl' \\
    ${server.lastingUrl}${errorsPath(id)}
`
}
