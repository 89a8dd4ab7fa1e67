import { counted, number } from '../../text/numbers.js'
import type { Counts } from '../terms.js'
import type { ImportResource } from './schema.js'

/* The outcome of a file, in numbers and in sentences that the command line and the console share. */

/** Records of a file, of one type or of all. */
export interface Tally {
  readonly uploaded: number
  readonly imported: number
  readonly skipped: number
  /** The others: rejected, if the whole file was processed. */
  readonly rest: number
}

/** By type. */
interface Records {
  readonly uploaded: Counts
  readonly imported: Counts
  /** Absent if that was not requested. */
  readonly skipped?: Counts
  /** Those of the imported that were there already, and were changed or equal. */
  readonly updated?: Counts
  readonly unchanged?: Counts
}

/** The outcome of an import, a rehearsal or a check. */
export interface Outcome {
  readonly records: Records
  readonly errors: number
  /** How many lines the file has. */
  readonly lines: number
  /** Whether the whole file was processed, and not stopped by a fault or a person. */
  readonly isComplete: boolean
  readonly words: Words
}

/** The words for an outcome, for so many records. */
interface Words {
  readonly imported: (records: number) => string
  readonly rejected: (records: number) => string
  readonly skipped: (records: number) => string
  readonly updated: string
  readonly unchanged: (records: number) => string
  /** For those that were not processed. */
  readonly left: (records: number) => string
  /** The titles of the columns of imported and of rejected records. */
  readonly columns: readonly [string, string]
}

const was = (records: number): string => (records === 1 ? 'was' : 'were')
const is = (records: number): string => (records === 1 ? 'is' : 'are')

const forReal: Words = {
  imported: (records) => `${was(records)} imported`,
  rejected: (records) => `${was(records)} rejected`,
  skipped: (records) => `${was(records)} skipped`,
  updated: 'changed',
  unchanged: (records) => `${was(records)} equal`,
  left: (records) => `${was(records)} not`,
  columns: ['imported', 'rejected'],
}

const dryRun: Words = {
  imported: () => 'would be imported',
  rejected: () => 'would be rejected',
  skipped: () => 'would be skipped',
  updated: 'would change',
  unchanged: (records) => `${is(records)} equal`,
  left: (records) => `${was(records)} rejected or not checked`,
  columns: ['would import', 'would reject'],
}

/** For a file that was checked without a store. */
export const validated: Words = {
  imported: (records) => `${is(records)} valid`,
  rejected: (records) => `${is(records)} not`,
  skipped: () => 'would be skipped',
  updated: 'would change',
  unchanged: (records) => `${is(records)} equal`,
  left: (records) => `${was(records)} not checked`,
  columns: ['valid', 'invalid'],
}

const recordOrRecords = (lines: number): string => (lines === 1 ? 'a record' : 'records')

export const isUnderWay = ({ attributes: { status } }: ImportResource): boolean =>
  status === 'pending' || status === 'started'

/** How many records that were there already it changed, or would change. */
export const changedRecords = ({ meta: { records } }: ImportResource): number => sum(records.updated)

/** Whether every line was processed, so that what was not imported was rejected. */
export const isComplete = ({ attributes: { status }, meta: { failure } }: ImportResource): boolean =>
  status === 'success' || failure?.reason === 'all_rejected'

export const outcomeOf = (one: ImportResource): Outcome => ({
  records: one.meta.records,
  errors: one.meta.errors,
  lines: one.meta.file.lines,
  isComplete: isComplete(one),
  words: one.meta.dry_run ? dryRun : forReal,
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
 * The outcome of the records, in a sentence: `21 of the 115 records of file.jsonl were imported; 94 were
 * rejected.`
 *
 * @param file its name, if it is to be named
 */
export function outcomeSentence({ records, errors, isComplete, words }: Outcome, file?: string): string {
  const { uploaded, imported, skipped, rest } = tallyOf(records)
  const ofFile = file === undefined ? '' : ` of ${file}`
  const uploadedRecords = `${counted(uploaded, 'record')}${ofFile}`
  if (isComplete && imported === uploaded) {
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
    const why = skipped === 1 ? 'it already exists' : 'they already exist'
    parts.push(`${number(skipped)} ${words.skipped(skipped)} because ${why}`)
  }
  if (rest > 0 && imported + skipped > 0) {
    parts.push(
      isComplete
        ? `${number(rest)} ${words.rejected(rest)}`
        : `the other ${number(rest)} ${words.left(rest)}`,
    )
  }
  return `${parts.join('; ')}.`
}

/** A sentence about the records that were there already; undefined: there were none. */
export function existingSentence({ records, words }: Outcome): string | undefined {
  const [updated, unchanged] = [sum(records.updated), sum(records.unchanged)]
  const parts = [
    ...(updated > 0 ? [`${number(updated)} ${words.updated} an existing record`] : []),
    ...(unchanged > 0 ? [`${number(unchanged)} ${words.unchanged(unchanged)} to one already`] : []),
  ]
  return parts.length === 0 ? undefined : `Of these, ${parts.join(', and ')}.`
}

/**
 * A sentence about the lines that are not records, if there are any. Blank + malformed + uploaded = physical
 * lines (contract 6); only the errors show which are which, unless none of them is a record's.
 */
export function linesWithoutRecord({ records, errors, lines, isComplete }: Outcome): string | undefined {
  const { uploaded, rest } = tallyOf(records)
  const others = lines - uploaded
  if (others <= 0) return undefined
  if (!isComplete || rest > 0) {
    return `${counted(others, 'line')} ${was(others)} blank or could not be read as ${recordOrRecords(others)}.`
  }
  const blank = others - errors
  const parts = [
    ...(errors > 0 ? [`${counted(errors, 'line')} could not be read as ${recordOrRecords(errors)}`] : []),
    ...(blank > 0 ? [`${counted(blank, 'line')} ${was(blank)} blank`] : []),
  ]
  return `${parts.join('; ')}.`
}
