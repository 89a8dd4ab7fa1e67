import type { Counts } from '../../src/imports/terms'
import type { Import } from './api/imports'
import { count, counted } from './format'

/** Records of a file, of one type or of all. */
export interface Tally {
  readonly uploaded: number
  readonly imported: number
  readonly skipped: number
  /** Those that are neither: rejected, once the file was worked to its end. */
  readonly rest: number
}

export const isUnderWay = ({ attributes: { status } }: Import): boolean =>
  status === 'pending' || status === 'started'

/** Whether every line was looked at, so that what was not imported was rejected. */
export const isWorkedOut = ({ attributes: { status }, meta: { failure } }: Import): boolean =>
  status === 'success' || (status === 'failed' && failure?.reason === 'all_rejected')

export const isCanceled = ({ meta: { failure } }: Import): boolean => failure?.reason === 'canceled'

const sum = (counts: Counts = {}): number => Object.values(counts).reduce((total, one) => total + one, 0)

const tally = (uploaded: number, imported: number, skipped: number): Tally => ({
  uploaded,
  imported,
  skipped,
  rest: uploaded - imported - skipped,
})

export const tallyOf = ({ meta: { records } }: Import): Tally =>
  tally(sum(records.uploaded), sum(records.imported), sum(records.skipped))

export const tallyOfType = ({ meta: { records } }: Import, type: string): Tally =>
  tally(records.uploaded[type] ?? 0, records.imported[type] ?? 0, records.skipped?.[type] ?? 0)

/** How many records have been worked on: at least those that were imported, and those that errors tell of. */
export function workedOn(one: Import): number {
  const { uploaded, imported, skipped, rest } = tallyOf(one)
  return isWorkedOut(one) ? uploaded : imported + skipped + Math.min(one.meta.errors, rest)
}

/** The words on an import's badge, and their colour. */
export function badgeOf(one: Import): { readonly text: string; readonly color: string } {
  const { status } = one.attributes
  if (status === 'pending') return { text: 'Waiting', color: 'gray' }
  if (status === 'started') return { text: 'Running', color: 'blue' }
  if (status === 'failed') {
    return isCanceled(one) ? { text: 'Canceled', color: 'gray' } : { text: 'Failed', color: 'red' }
  }
  return one.meta.errors > 0
    ? { text: 'Finished, with errors', color: 'orange' }
    : { text: 'Finished', color: 'teal' }
}

/** What became of an import, in sentences. */
export function summaryOf(one: Import): string {
  const { uploaded, imported, skipped, rest } = tallyOf(one)
  const isRehearsal = one.meta.dry_run === true
  const { status } = one.attributes
  if (status === 'pending') return 'Waiting for its turn: imports run one at a time, the earliest first.'
  const of = `${count(imported)} of ${counted(uploaded, 'record')}`
  if (status === 'started') return `${of} ${isRehearsal ? 'checked and valid' : 'imported'} so far.`
  if (isRehearsal && !isWorkedOut(one)) {
    return `${of} ${imported === 1 ? 'was' : 'were'} checked and valid before it ended. It was a rehearsal: nothing was added.`
  }
  const were = (number: number) => (isRehearsal ? 'would be' : number === 1 ? 'was' : 'were')
  const parts =
    imported === uploaded
      ? [
          uploaded === 1
            ? `The one record ${were(1)} imported`
            : `All ${count(uploaded)} records ${were(2)} imported`,
        ]
      : [`${of} ${were(imported)} imported`]
  if (skipped > 0)
    parts.push(
      `${count(skipped)} ${were(skipped)} skipped because ${skipped === 1 ? 'it exists' : 'they exist'} already`,
    )
  if (rest > 0) {
    parts.push(
      isWorkedOut(one)
        ? `${count(rest)} ${were(rest)} rejected`
        : `the other ${count(rest)} ${rest === 1 ? 'was' : 'were'} not`,
    )
  }
  const sentence = `${parts.join('; ')}.`
  return isRehearsal ? `${sentence} It was a rehearsal: nothing was added.` : sentence
}

/** How many lines hold no record, in a sentence, if there are any. */
export function linesWithoutRecord(one: Import): string | undefined {
  const without = one.meta.file.lines - tallyOf(one).uploaded
  if (without <= 0) return undefined
  return `${counted(without, 'line')} ${without === 1 ? 'was' : 'were'} blank or could not be read as ${without === 1 ? 'a record' : 'records'}.`
}
