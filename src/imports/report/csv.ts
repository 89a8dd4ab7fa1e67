import type { Pool } from '../../db/pool.js'
import type { UploadReader } from '../../uploads/store.js'
import type { Import } from '../import.js'
import { allErrors } from './errors.js'
import { LineWindow } from './line-window.js'
import type { SelectedErrors } from './select.js'
import { isForOthers } from './visible-lines.js'

const TITLES = ['line_number', 'type', 'field', 'code', 'error', 'value', 'external_ref', 'line']

/** Without it, Excel takes UTF-8 for the character set of the machine. */
const BYTE_ORDER_MARK = '\ufeff'

/** The most characters that a cell of Excel holds; of a longer one, it spreads the rest over further rows. */
const MOST_CHARACTERS = 32_767

interface Lines {
  readonly reader: UploadReader
  /** Whether they are the caller's own; others do not get lines with what is only written. */
  readonly isOwn: boolean
}

/**
 * The errors of an import as a table for a spreadsheet (RFC 4180), each with the line as it was uploaded. Streams,
 * holding one slice of errors and the beginning of one line.
 *
 * @param lines of the import's file; their reader stays open
 * @throws as `allErrors`
 */
export async function* errorsAsCsv(
  pool: Pool,
  lines: Lines,
  one: Import,
  selected: SelectedErrors,
): AsyncGenerator<string, void, undefined> {
  yield csvTitles
  const window = new LineWindow(lines.reader)
  let last = { number: 0, text: '' }
  for await (const errors of allErrors(pool, one, selected)) {
    let rows = ''
    for (const { line, lineStart, type, field, code, error, value, externalRef } of errors) {
      if (last.number !== line) {
        const text = lineStart === undefined ? '' : await beginningOf(window, lineStart)
        last = { number: line, text: lines.isOwn || isForOthers(text) ? text : '' }
      }
      rows += csvRow([line, type, field, code, error, value, externalRef, last.text])
      if (rows.length < PIECE_CHARACTERS) continue
      yield rows
      rows = ''
    }
    if (rows !== '') yield rows
  }
}

const PIECE_CHARACTERS = 64 * 1024

async function beginningOf(window: LineWindow, start: number): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of window.line(start)) {
    pieces.push(piece)
    bytes += piece.length
    // A character has at most four bytes of UTF-8, and Excel counts it as two if it has.
    if (bytes > MOST_CHARACTERS * 3) break
  }
  const text = Buffer.concat(pieces)
    .toString('utf8')
    .replace(/\r?\n$/, '')
    .replaceAll('\0', '\ufffd')
  const content = start === 0 && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text
  return content.length <= MOST_CHARACTERS
    ? content
    : `${content.slice(0, MOST_CHARACTERS - 1).toWellFormed()}…`
}

/** A number as a spreadsheet shows it, which no program runs. */
const NUMBER = /^-?\d+(?:\.\d+)?$/

/**
 * What begins a formula: at the start of a cell, or after what other countries' spreadsheets take for the end of one
 * (OWASP, "CSV Injection"). The wide forms are those of Japanese.
 */
const FORMULA = /(?<=^|[;\t\r\n])(?=[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])/g

/** All cells are quoted. What a spreadsheet would run as a formula begins with an apostrophe. */
export function csvRow(cells: readonly (string | number | undefined)[]): string {
  const quoted = cells.map((cell = '') => {
    const text = String(cell)
    const plain = NUMBER.test(text) ? text : text.replaceAll(FORMULA, "'")
    return `"${plain.replaceAll('"', '""')}"`
  })
  return `${quoted.join(',')}\r\n`
}

/** What a table begins with. */
export const csvTitles = BYTE_ORDER_MARK + csvRow(TITLES)
