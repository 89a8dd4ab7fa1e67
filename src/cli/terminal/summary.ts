import {
  existingSentence,
  linesWithoutRecord,
  type Outcome,
  outcomeSentence,
  type Tally,
  tallyOf,
  tallyOfType,
} from '../../imports/resource/outcome.js'
import { number } from '../../text/numbers.js'
import { drawFacts } from './facts.js'
import { drawTable } from './table.js'
import { type Colors, printable, wrap } from './terminal.js'

/** How the report is drawn. */
export interface Style {
  readonly colors: Colors
  /** The width at which sentences are wrapped; undefined: not at all. */
  readonly width: number | undefined
}

/**
 * The outcome in a sentence, the counts by type, and what is known of the records that were there already and of the lines
 * that are not records.
 */
export function summaryOf(outcome: Outcome, fileName: string, { colors, width }: Style): string {
  const sentence = wrap(outcomeSentence(outcome, printable(fileName)), width)
  const notes = [existingSentence(outcome), linesWithoutRecord(outcome)].flatMap((note) =>
    note === undefined ? [] : [wrap(note, width)],
  )
  const parts = [colors[toneOf(outcome)](sentence), countsTable(outcome, { colors, width })]
  return `${[...parts, ...notes].join('\n\n')}\n`
}

function toneOf({ records, errors, isComplete }: Outcome): 'green' | 'yellow' | 'red' {
  const { imported, skipped } = tallyOf(records)
  if (!isComplete || imported + skipped === 0) return 'red'
  return errors === 0 ? 'green' : 'yellow'
}

/** The counts by type, one below the other: as a table, or as a few words for each type where that is too wide. */
export function countsTable(outcome: Outcome, { colors, width }: Style): string {
  const { records, isComplete, words } = outcome
  const [importedColumn, rejectedColumn] = words.columns
  const hasSkipped = records.skipped !== undefined
  const cellsOf = ({ uploaded, imported, skipped, rest }: Tally) =>
    (hasSkipped ? [uploaded, imported, skipped, rest] : [uploaded, imported, rest]).map(number)
  const titles = [
    'uploaded',
    importedColumn,
    ...(hasSkipped ? ['skipped'] : []),
    // After a fault the rest was not processed, which is not the same as rejected.
    isComplete ? rejectedColumn : 'not imported',
  ]
  const rows = [
    ...Object.keys(records.uploaded).map((type) => ({
      name: printable(type.replace(/^subscription_/, '')),
      cells: cellsOf(tallyOfType(records, type)),
    })),
    { name: 'total', cells: cellsOf(tallyOf(records)) },
  ]
  if (width !== undefined && widthOfTable(['', ...titles], rows) > width) {
    const inWords = rows.map(({ name, cells }): [string, string] => [
      name,
      cells.map((cell, index) => `${cell}${TOGETHER}${titles[index]}`).join(', '),
    ])
    return drawFacts(undefined, inWords, width, colors.bold).replaceAll(TOGETHER, ' ')
  }
  return drawTable(
    ['', ...titles].map((title) => colors.bold(title)),
    ['left', ...titles.map(() => 'right' as const)],
    rows.map(({ name, cells }, index) => {
      const shown = [name, ...cells.slice(0, -1), inRed(cells.at(-1) ?? '', colors)]
      return index === rows.length - 1 ? shown.map((cell) => colors.bold(cell)) : shown
    }),
  )
}

/** A space at which no line ends. */
const TOGETHER = '\u00a0'

const inRed = (cell: string, colors: Colors): string => (cell === '0' ? cell : colors.red(cell))

const GAP = 2

function widthOfTable(
  titles: readonly string[],
  rows: readonly { readonly name: string; readonly cells: readonly string[] }[],
): number {
  const columns = titles.map((title, index) =>
    Math.max(
      title.length,
      ...rows.map(({ name, cells }) => (index === 0 ? name : (cells[index - 1] ?? '')).length),
    ),
  )
  return columns.reduce((sum, one) => sum + one + GAP, -GAP)
}
