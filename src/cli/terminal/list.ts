import type { Result } from '../database/administer.js'
import { drawFacts } from './facts.js'
import { drawTable } from './table.js'
import { printable, wrap } from './terminal.js'

/**
 * A column of a list. If there is little room, columns that `mayGo` are left out, the last first, and then those that `wraps`
 * are wrapped. If that does not suffice, each row is a block of lines, headed by its first column.
 */
export interface Column<Row> {
  readonly title: string
  readonly wraps?: boolean
  readonly mayGo?: boolean
  readonly isNumber?: boolean
  value(row: Row): string
}

/** A column with its text for every row. */
interface Filled {
  readonly title: string
  readonly wraps: boolean
  readonly mayGo: boolean
  readonly isNumber: boolean
  readonly texts: readonly string[]
  /** The longest text, in characters, and the longest word. */
  readonly natural: number
  readonly word: number
}

const GAP = 2
const NARROW = 12
const NARROWEST = 8

/** Longer words than this are broken, as there is often no room for them. */
const LONGEST_WORD = 24

/** Rows as a table that fits the terminal, or a sentence if there are none. */
export const listed = <Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  ifNone: string,
): Result => ({
  json: rows,
  text: (width) =>
    rows.length === 0
      ? wrap(ifNone, width)
      : drawColumns(
          columns.map((column) => fill(column, rows)),
          width,
        ),
})

function fill<Row>(
  { title, wraps = false, mayGo = false, isNumber = false, value }: Column<Row>,
  rows: readonly Row[],
): Filled {
  const texts = rows.map((row) => printable(value(row)))
  return {
    title,
    wraps,
    mayGo,
    isNumber,
    texts,
    natural: longest([title, ...texts]),
    word: longest(texts.flatMap((text) => text.split(' '))),
  }
}

const longest = (texts: readonly string[]): number =>
  texts.reduce((most, { length }) => Math.max(most, length), 0)

function drawColumns(all: readonly Filled[], width: number | undefined): string {
  const columns = width === undefined ? all : withRoom(all, width)
  if (width !== undefined && !fits(columns, width, NARROWEST)) return drawBlocks(all, width)
  const most = width === undefined ? undefined : widest(columns, width)
  const broken = columns.map(({ wraps, texts }) => texts.map((text) => wrap(text, wraps ? most : undefined)))
  return drawTable(
    columns.map(({ title }) => title),
    columns.map(({ isNumber }) => (isNumber ? 'right' : 'left')),
    (broken[0] ?? []).map((_, index) => broken.map((texts) => texts[index] ?? '')),
  )
}

/** Without as many of the columns that may go as have no room, the last ones first. */
function withRoom(columns: readonly Filled[], width: number): readonly Filled[] {
  const last = columns.findLastIndex(({ mayGo }) => mayGo)
  return last === -1 || fits(columns, width) ? columns : withRoom(columns.toSpliced(last, 1), width)
}

/** Every column of a row on a line of its own. */
function drawBlocks([first, ...others]: readonly Filled[], width: number): string {
  const blocks = (first?.texts ?? []).map((head, row) =>
    drawFacts(
      head,
      others.map(({ title, texts }) => [title, texts[row] ?? '']),
      width,
    ),
  )
  return blocks.join('\n\n')
}

/** The room of all columns that wrap, in characters. */
function roomToWrap(columns: readonly Filled[], width: number): number {
  const fixed = columns.filter(({ wraps }) => !wraps).reduce((sum, { natural }) => sum + natural, 0)
  return width - fixed - GAP * (columns.length - 1)
}

/** Whether no column has to be wrapped into pieces of fewer than `least` characters, or in the middle of words. */
function fits(columns: readonly Filled[], width: number, least = NARROW): boolean {
  const needed = columns
    .filter(({ wraps }) => wraps)
    .reduce(
      (sum, { natural, word }) => sum + Math.min(natural, Math.max(least, Math.min(word, LONGEST_WORD))),
      0,
    )
  return roomToWrap(columns, width) >= needed
}

/**
 * How wide each column that wraps may be, in characters. The narrow ones leave to the others what they do not
 * need.
 */
function widest(columns: readonly Filled[], width: number): number {
  let left = roomToWrap(columns, width)
  const wrapping = columns.filter(({ wraps }) => wraps).sort((a, b) => a.natural - b.natural)
  for (const [index, { natural }] of wrapping.entries()) {
    const share = Math.floor(left / (wrapping.length - index))
    if (natural > share) return Math.max(share, NARROWEST)
    left -= natural
  }
  return width
}
