import { counted, number } from '../../text/numbers.js'
import type { Counts } from '../terms.js'
import type { ImportResource } from './schema.js'

/* What became of a file, in numbers and in sentences: the command line and the console say it in the same words. */

/** Records of a file, of one type or of all. */
export interface Tally {
  readonly uploaded: number
  readonly imported: number
  readonly skipped: number
  /** Those that are neither: rejected, if the file was worked to its end. */
  readonly rest: number
}

/** By type. */
interface Records {
  readonly uploaded: Counts
  readonly imported: Counts
  /** Absent: that was not asked for. */
  readonly skipped?: Counts
}

/** What became of a file, or would. */
export interface Outcome {
  readonly records: Records
  readonly errors: number
  /** Of the file. */
  readonly lines: number
  /** Whether the file was worked to its end, and not stopped by a fault or a person. */
  readonly isWorkedOut: boolean
  readonly words: Words
}

/** What it is called that became of so many records. */
interface Words {
  readonly imported: (records: number) => string
  readonly rejected: (records: number) => string
  readonly skipped: (records: number) => string
  /** Of those that were not looked at. */
  readonly left: (records: number) => string
  /** The columns of the records imported and of those rejected. */
  readonly columns: readonly [string, string]
}

const was = (records: number): string => (records === 1 ? 'was' : 'were')
const is = (records: number): string => (records === 1 ? 'is' : 'are')

const forReal: Words = {
  imported: (records) => `${was(records)} imported`,
  rejected: (records) => `${was(records)} rejected`,
  skipped: (records) => `${was(records)} skipped`,
  left: (records) => `${was(records)} not`,
  columns: ['imported', 'rejected'],
}

const rehearsed: Words = {
  imported: () => 'would be imported',
  rejected: () => 'would be rejected',
  skipped: () => 'would be skipped',
  left: (records) => `${was(records)} not checked`,
  columns: ['would import', 'would reject'],
}

/** Of a file that was only looked at, to its end. */
export const validated: Words = {
  imported: (records) => `${is(records)} valid`,
  rejected: (records) => `${is(records)} not`,
  skipped: () => 'would be skipped',
  left: (records) => `${was(records)} not checked`,
  columns: ['valid', 'invalid'],
}

const recordOrRecords = (lines: number): string => (lines === 1 ? 'a record' : 'records')

export const isUnderWay = ({ attributes: { status } }: ImportResource): boolean =>
  status === 'pending' || status === 'started'

/** Whether every line was looked at, so that what was not imported was rejected. */
export const isWorkedOut = ({ attributes: { status }, meta: { failure } }: ImportResource): boolean =>
  status === 'success' || failure?.reason === 'all_rejected'

export const outcomeOf = (one: ImportResource): Outcome => ({
  records: one.meta.records,
  errors: one.meta.errors,
  lines: one.meta.file.lines,
  isWorkedOut: isWorkedOut(one),
  words: one.meta.dry_run ? rehearsed : forReal,
})

const tally = (uploaded: number, imported: number, skipped: number): Tally => ({
  uploaded,
  imported,
  skipped,
  rest: uploaded - imported - skipped,
})

const sum = (counts: Counts = {}): number => Object.values(counts).reduce((total, one) => total + one, 0)

/** Records of all types. */
export const tallyOf = ({ uploaded, imported, skipped }: Records): Tally =>
  tally(sum(uploaded), sum(imported), sum(skipped))

export const tallyOfType = ({ uploaded, imported, skipped }: Records, type: string): Tally =>
  tally(uploaded[type] ?? 0, imported[type] ?? 0, skipped?.[type] ?? 0)

/**
 * What became of the records, in a sentence: `21 of the 115 records of file.jsonl were imported; 94 were rejected.`
 *
 * @param file its name, if it has to be named.
 */
export function outcomeSentence({ records, errors, isWorkedOut, words }: Outcome, file?: string): string {
  const { uploaded, imported, skipped, rest } = tallyOf(records)
  const ofFile = file === undefined ? '' : ` of ${file}`
  const uploadedRecords = `${counted(uploaded, 'record')}${ofFile}`
  if (isWorkedOut && imported === uploaded) {
    const all = uploaded === 1 ? `The one record${ofFile}` : `All ${uploadedRecords}`
    const others =
      errors === 0 ? '' : `, but ${counted(errors, 'line')} could not be read as ${recordOrRecords(errors)}`
    return `${all} ${words.imported(uploaded)}${others}.`
  }
  const parts = [
    imported === 0
      ? `None of the ${uploadedRecords} ${words.imported(1)}`
      : `${number(imported)} of ${file === undefined ? '' : 'the '}${uploadedRecords} ${words.imported(imported)}`,
  ]
  if (skipped > 0) {
    const why = skipped === 1 ? 'it exists already' : 'they exist already'
    parts.push(`${number(skipped)} ${words.skipped(skipped)} because ${why}`)
  }
  if (rest > 0 && imported + skipped > 0) {
    parts.push(
      isWorkedOut
        ? `${number(rest)} ${words.rejected(rest)}`
        : `the other ${number(rest)} ${words.left(rest)}`,
    )
  }
  return `${parts.join('; ')}.`
}

/**
 * What is to be said of the lines that hold no record, if there are any. Blank + malformed + uploaded = physical lines
 * (contract 6); which are which, only the errors tell, unless none of them is a record's.
 */
export function linesWithoutRecord({ records, errors, lines, isWorkedOut }: Outcome): string | undefined {
  const { uploaded, rest } = tallyOf(records)
  const others = lines - uploaded
  if (others <= 0) return undefined
  if (!isWorkedOut || rest > 0) {
    return `${counted(others, 'line')} ${was(others)} blank or could not be read as ${recordOrRecords(others)}.`
  }
  const blank = others - errors
  const parts = [
    ...(errors > 0 ? [`${counted(errors, 'line')} could not be read as ${recordOrRecords(errors)}`] : []),
    ...(blank > 0 ? [`${counted(blank, 'line')} ${was(blank)} blank`] : []),
  ]
  return `${parts.join('; ')}.`
}
