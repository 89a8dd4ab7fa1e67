import {
  isComplete,
  isUnderWay,
  outcomeOf,
  outcomeSentence,
  tallyOf,
} from '../../src/imports/resource/outcome'
import { counted, number } from '../../src/text/numbers'
import type { Features } from './api/document'
import type { Import } from './api/imports'
import { shortTime, visible } from './format'

export const isCanceled = ({ meta: { failure } }: Import): boolean => failure?.reason === 'canceled'

/** The name of an import for people: the reference that they gave, or else its file's, or its time. */
export const nameOf = ({ attributes, meta }: Import): string => {
  const name = attributes.external_ref ?? meta.file.name
  return name === undefined ? `Import of ${shortTime(meta.timestamps.created_at)}` : visible(name)
}

/** What an import is called in a sentence. */
export const nounOf = ({ meta }: Import): string => (meta.dry_run ? 'rehearsal' : 'import')

/** Whether its rejected lines can be corrected, and imported again as corrections of it. */
export const canBeCorrected = (one: Import, { canFix }: Features): boolean =>
  canFix && !isUnderWay(one) && one.meta.dry_run !== true && one.meta.undo === undefined

/** Whether an undo of it is still to come or at work. */
export const isBeingUndone = ({ meta: { undo } }: Import): boolean =>
  undo?.status === 'pending' || undo?.status === 'started'

/** The words on an import's badge, and their colour. */
export function badgeOf(one: Import): { readonly text: string; readonly color: string } {
  const { status } = one.attributes
  if (isBeingUndone(one)) return { text: 'Being undone', color: 'blue' }
  if (one.meta.undo?.status === 'success') return { text: 'Undone', color: 'gray' }
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
