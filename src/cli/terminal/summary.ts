import {
  linesWithoutRecord,
  type Outcome,
  outcomeSentence,
  type Tally,
  tallyOf,
  tallyOfType,
} from '../../imports/resource/outcome.js'
import { number } from '../../text/numbers.js'
import { drawTable } from './table.js'
import { type Colors, printable, wrap } from './terminal.js'

/** How the report is drawn. */
export interface Style {
  readonly colors: Colors
  /** The width at which sentences are wrapped; undefined: not at all. */
  readonly width: number | undefined
}

/** The outcome in a sentence, the counts by type, and what is known of the lines that are not records. */
export function summaryOf(outcome: Outcome, fileName: string, { colors, width }: Style): string {
  const sentence = wrap(outcomeSentence(outcome, printable(fileName)), width)
  const others = linesWithoutRecord(outcome)
  const parts = [colors[toneOf(outcome)](sentence), countsTable(outcome, colors)]
  return `${[...parts, ...(others === undefined ? [] : [wrap(others, width)])].join('\n\n')}\n`
}

function toneOf({ records, errors, isComplete }: Outcome): 'green' | 'yellow' | 'red' {
  const { imported, skipped } = tallyOf(records)
  if (!isComplete || imported + skipped === 0) return 'red'
  return errors === 0 ? 'green' : 'yellow'
}

/** The counts by type, one below the other. */
export function countsTable(outcome: Outcome, colors: Colors): string {
  const { records, isComplete, words } = outcome
  const [importedColumn, rejectedColumn] = words.columns
  const hasSkipped = records.skipped !== undefined
  const row = (name: string, { uploaded, imported, skipped, rest }: Tally) => [
    name,
    number(uploaded),
    number(imported),
    ...(hasSkipped ? [number(skipped)] : []),
    rest > 0 ? colors.red(number(rest)) : '0',
  ]
  const head = [
    '',
    'uploaded',
    importedColumn,
    ...(hasSkipped ? ['skipped'] : []),
    // After a fault the rest was not processed, which is not the same as rejected.
    isComplete ? rejectedColumn : 'not imported',
  ]
  return drawTable(
    head.map((title) => colors.bold(title)),
    head.map((_, index) => (index === 0 ? 'left' : 'right')),
    [
      ...Object.keys(records.uploaded).map((type) =>
        row(printable(type.replace(/^subscription_/, '')), tallyOfType(records, type)),
      ),
      row('total', tallyOf(records)).map((cell) => colors.bold(cell)),
    ],
  )
}
