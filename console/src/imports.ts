import { isComplete, outcomeOf, outcomeSentence, tallyOf } from '../../src/imports/resource/outcome'
import { counted, number } from '../../src/text/numbers'
import type { Import } from './api/imports'

export const isCanceled = ({ meta: { failure } }: Import): boolean => failure?.reason === 'canceled'

/** How many records have been processed: at least those imported and those with errors. */
export function processed(one: Import): number {
  const { uploaded, imported, skipped, rest } = tallyOf(one.meta.records)
  return isComplete(one) ? uploaded : imported + skipped + Math.min(one.meta.errors, rest)
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

/** The outcome of an import, in sentences. */
export function summaryOf(one: Import): string {
  const { uploaded, imported } = tallyOf(one.meta.records)
  const isRehearsal = one.meta.dry_run === true
  const { status } = one.attributes
  if (status === 'pending') return 'Waiting for its turn: imports run one at a time, the earliest first.'
  const of = `${number(imported)} of ${counted(uploaded, 'record')}`
  if (status === 'started') return `${of} ${isRehearsal ? 'checked and valid' : 'imported'} so far.`
  if (!isRehearsal) return outcomeSentence(outcomeOf(one))
  const sentence = isComplete(one)
    ? outcomeSentence(outcomeOf(one))
    : `${of} ${imported === 1 ? 'was' : 'were'} checked and valid before it ended.`
  return `${sentence} It was a rehearsal: nothing was added.`
}
