import type { ImportResource } from '../../imports/schema.js'
import type { Counts } from '../../imports/terms.js'
import { count, number } from './amounts.js'
import { drawTable } from './table.js'
import { type Colors, printable, wrap } from './terminal.js'

/** How the report is drawn. */
export interface Style {
  readonly colors: Colors
  /** Columns to break sentences at; undefined: not at all. */
  readonly width: number | undefined
}

/** What became of a file, or would. */
export interface Outcome {
  readonly uploaded: Counts
  /** The records that were taken. */
  readonly taken: Counts
  /** Those left out because they are there already; undefined: that was not asked for. */
  readonly skipped: Counts | undefined
  readonly errors: number
  /** Of the file. */
  readonly lines: number
  /** Whether the file was worked to its end, and not stopped by a fault or a person. */
  readonly isWorkedOut: boolean
  readonly words: Words
}

/** What it is called that became of so many records. */
interface Words {
  readonly taken: (records: number) => string
  readonly rejected: (records: number) => string
  readonly skipped: (records: number) => string
  /** The columns of the records taken and of those rejected. */
  readonly columns: readonly [string, string]
}

const was = (records: number): string => (records === 1 ? 'was' : 'were')
const is = (records: number): string => (records === 1 ? 'is' : 'are')

const forReal: Words = {
  taken: (records) => `${was(records)} imported`,
  rejected: (records) => `${was(records)} rejected`,
  skipped: (records) => `${was(records)} skipped`,
  columns: ['imported', 'rejected'],
}

const rehearsed: Words = {
  taken: () => 'would be imported',
  rejected: () => 'would be rejected',
  skipped: () => 'would be skipped',
  columns: ['would import', 'would reject'],
}

/** Of a file that was only looked at. */
export const validated: Words = {
  taken: (records) => `${is(records)} valid`,
  rejected: (records) => `${is(records)} not`,
  skipped: () => 'would be skipped',
  columns: ['valid', 'invalid'],
}

const sum = (counts: Counts | undefined): number =>
  Object.values(counts ?? {}).reduce((total, one) => total + one, 0)

/** Records of all types. */
export const totals = ({ meta: { records } }: ImportResource) => ({
  uploaded: sum(records.uploaded),
  imported: sum(records.imported),
  skipped: sum(records.skipped),
})

/** What became of an import. */
export const outcomeOf = ({ attributes, meta }: ImportResource): Outcome => ({
  uploaded: meta.records.uploaded,
  taken: meta.records.imported,
  skipped: meta.records.skipped,
  errors: meta.errors,
  lines: meta.file.lines,
  isWorkedOut: attributes.status === 'success' || meta.failure?.reason === 'all_rejected',
  words: meta.dry_run ? rehearsed : forReal,
})

/** The outcome in a sentence, the counts by type, and what became of the lines that are no records. */
export function summaryOf(outcome: Outcome, fileName: string, { colors, width }: Style): string {
  const { tone, sentence } = verdict(outcome, printable(fileName))
  const others = linesWithoutRecord(outcome).map((text) => wrap(text, width))
  return `${[colors[tone](wrap(sentence, width)), countsTable(outcome, colors), ...others].join('\n\n')}\n`
}

const totalsOf = ({ uploaded, taken, skipped }: Outcome) => {
  const sums = { uploaded: sum(uploaded), taken: sum(taken), skipped: sum(skipped) }
  return { ...sums, rejected: sums.uploaded - sums.taken - sums.skipped }
}

function verdict(outcome: Outcome, name: string): { tone: 'green' | 'yellow' | 'red'; sentence: string } {
  const { errors, isWorkedOut, words } = outcome
  const { uploaded, taken, skipped, rejected } = totalsOf(outcome)
  const records = `${count(uploaded, 'record')} of ${name}`
  const parts = [
    ...(skipped > 0
      ? [
          `${number(skipped)} ${words.skipped(skipped)}, as ${skipped === 1 ? 'it is' : 'they are'} there already`,
        ]
      : []),
    ...(isWorkedOut && rejected > 0 && taken + skipped > 0
      ? [`${number(rejected)} ${words.rejected(rejected)}`]
      : []),
  ]
  if (isWorkedOut && taken === uploaded) {
    const all = `${uploaded === 1 ? 'The' : 'All'} ${records} ${words.taken(uploaded)}`
    if (errors === 0) return { tone: 'green', sentence: `${all}.` }
    const others = errors === 1 ? '1 line is no record' : `${number(errors)} lines are no records`
    return { tone: 'yellow', sentence: `${all}, but ${others}.` }
  }
  const some =
    taken === 0
      ? `None of the ${records} ${words.taken(1)}`
      : `${number(taken)} of the ${records} ${words.taken(taken)}`
  const isFine = isWorkedOut && rejected === 0 && errors === 0
  const isPartial = isWorkedOut && taken + skipped > 0
  return {
    tone: isFine ? 'green' : isPartial ? 'yellow' : 'red',
    sentence: `${[some, ...parts].join('; ')}.`,
  }
}

/** The counts by type, one below the other. */
export function countsTable(outcome: Outcome, colors: Colors): string {
  const { uploaded, taken, skipped, isWorkedOut, words } = outcome
  const [takenColumn, rejectedColumn] = words.columns
  const row = (name: string, all: number, done: number, left: number) => {
    const rest = all - done - left
    return [
      name,
      number(all),
      number(done),
      ...(skipped ? [number(left)] : []),
      rest > 0 ? colors.red(number(rest)) : '0',
    ]
  }
  const sums = totalsOf(outcome)
  const head = [
    '',
    'uploaded',
    takenColumn,
    ...(skipped ? ['skipped'] : []),
    // After a fault the rest was not looked at, which is not the same as rejected.
    isWorkedOut ? rejectedColumn : 'not imported',
  ]
  return drawTable(
    head.map((title) => colors.bold(title)),
    head.map((_, index) => (index === 0 ? 'left' : 'right')),
    [
      ...Object.entries(uploaded).map(([type, all]) =>
        row(printable(type.replace(/^subscription_/, '')), all, taken[type] ?? 0, skipped?.[type] ?? 0),
      ),
      row('total', sums.uploaded, sums.taken, sums.skipped).map((cell) => colors.bold(cell)),
    ],
  )
}

/** blank + malformed + uploaded = physical lines (contract 6); which are which, only the errors tell, unless there is one kind. */
function linesWithoutRecord(outcome: Outcome): string[] {
  const { errors, lines, isWorkedOut } = outcome
  const { uploaded, rejected } = totalsOf(outcome)
  const others = lines - uploaded
  if (others <= 0 || !isWorkedOut) return []
  const begin = `${number(others)} of the file's ${count(lines, 'line')} ${others === 1 ? 'holds' : 'hold'} no record`
  if (errors === 0) return [`${begin}: blank.`]
  if (rejected > 0)
    return [
      `${begin}: ${others === 1 ? 'it is blank, or has' : 'they are blank, or have'} an error of the whole line.`,
    ]
  return [`${begin}: ${number(errors)} with an error, ${number(others - errors)} blank.`]
}
