import { count, number } from './amounts.js'
import type { ImportAnswer } from './client.js'
import { drawTable } from './table.js'
import { type Colors, printable, wrap } from './terminal.js'

/** How the report is drawn. */
export interface Style {
  readonly colors: Colors
  /** Columns to break sentences at; undefined: not at all. */
  readonly width: number | undefined
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, one) => total + one, 0)

/** Records of all types. */
export const totals = ({ meta: { records } }: ImportAnswer) => ({
  uploaded: sum(records.uploaded),
  imported: sum(records.imported),
})

/** Whether the file was worked to its end, and not stopped by a fault or a person. */
export const isWorkedOut = ({ attributes, meta }: ImportAnswer): boolean =>
  attributes.status === 'success' || meta.failure?.reason === 'all_rejected'

/** The outcome in a sentence, the counts by type, and what became of the lines that are no records. */
export function summaryOf(one: ImportAnswer, fileName: string, { colors, width }: Style): string {
  const { tone, sentence } = verdict(one, printable(fileName))
  const others = linesWithoutRecord(one).map((text) => wrap(text, width))
  return `${[colors[tone](wrap(sentence, width)), countsTable(one, colors), ...others].join('\n\n')}\n`
}

function verdict(one: ImportAnswer, name: string): { tone: 'green' | 'yellow' | 'red'; sentence: string } {
  const { uploaded, imported } = totals(one)
  const { errors } = one.meta
  const records = `${count(uploaded, 'record')} of ${name}`
  if (isWorkedOut(one) && imported === uploaded) {
    const all = `${uploaded === 1 ? 'The' : 'All'} ${records} ${were(uploaded)} imported`
    if (errors === 0) return { tone: 'green', sentence: `${all}.` }
    const others = errors === 1 ? '1 line is no record' : `${number(errors)} lines are no records`
    return { tone: 'yellow', sentence: `${all}, but ${others}.` }
  }
  const some =
    imported === 0
      ? `None of the ${records} was imported`
      : `${number(imported)} of the ${records} ${were(imported)} imported`
  if (!isWorkedOut(one) || imported === 0) return { tone: 'red', sentence: `${some}.` }
  const rejected = uploaded - imported
  return { tone: 'yellow', sentence: `${some}; ${number(rejected)} ${were(rejected)} rejected.` }
}

const were = (amount: number): string => (amount === 1 ? 'was' : 'were')

function countsTable(one: ImportAnswer, colors: Colors): string {
  const { uploaded, imported } = one.meta.records
  // After a fault the rest was not looked at, which is not the same as rejected.
  const rest = isWorkedOut(one) ? 'rejected' : 'not imported'
  const row = (name: string, all: number, done: number) => [
    name,
    number(all),
    number(done),
    all > done ? colors.red(number(all - done)) : '0',
  ]
  const sums = totals(one)
  return drawTable(
    ['', 'uploaded', 'imported', rest].map((title) => colors.bold(title)),
    ['left', 'right', 'right', 'right'],
    [
      ...Object.entries(uploaded).map(([type, all]) =>
        row(printable(type.replace(/^subscription_/, '')), all, imported[type] ?? 0),
      ),
      row('total', sums.uploaded, sums.imported).map((cell) => colors.bold(cell)),
    ],
  )
}

/** blank + malformed + uploaded = physical lines (contract 6); which are which, only the errors tell, unless there is one kind. */
function linesWithoutRecord(one: ImportAnswer): string[] {
  const { uploaded, imported } = totals(one)
  const { errors, file } = one.meta
  const others = file.lines - uploaded
  if (others <= 0 || !isWorkedOut(one)) return []
  const begin = `${number(others)} of the file's ${count(file.lines, 'line')} ${others === 1 ? 'holds' : 'hold'} no record`
  if (errors === 0) return [`${begin}: blank.`]
  if (imported < uploaded) return [`${begin}: they are blank, or have an error of the whole line.`]
  return [`${begin}: ${number(errors)} with an error, ${number(others - errors)} blank.`]
}
