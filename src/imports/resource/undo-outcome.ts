import { counted, number } from '../../text/numbers.js'
import type { Counts } from '../terms.js'

/* What an undo would do, or has done, in sentences that the command line and the console share. */

/** By type. */
export interface UndoRecords {
  readonly removed: Counts
  readonly restored: Counts
  readonly kept: Counts
}

/** Records of all types. */
export interface UndoTally {
  readonly removed: number
  readonly restored: number
  readonly kept: number
}

const sum = (counts: Counts): number => Object.values(counts).reduce((total, one) => total + one, 0)

export const undoTallyOf = ({ removed, restored, kept }: UndoRecords): UndoTally => ({
  removed: sum(removed),
  restored: sum(restored),
  kept: sum(kept),
})

/** What an undo would do: `12 records would be removed. 1 record would stay as it is, because …` */
export const undoPlan = (records: UndoRecords): string =>
  sentences(undoTallyOf(records), {
    nothing: 'There is nothing to undo: no record of this import is left.',
    removed: () => 'would be removed',
    restored: (count) => `would get the values back that ${count === 1 ? 'it' : 'they'} had before`,
    kept: (count) => `would stay as ${count === 1 ? 'it is' : 'they are'}`,
  })

/** What an undo has done: `12 records were removed. 1 record stays as it is, because …` */
export const undoOutcome = (records: UndoRecords): string =>
  sentences(undoTallyOf(records), {
    nothing: 'There was nothing to undo: no record of this import was left.',
    removed: (count) => (count === 1 ? 'was removed' : 'were removed'),
    restored: (count) =>
      count === 1 ? 'has the values back that it had before' : 'have the values back that they had before',
    kept: (count) => (count === 1 ? 'stays as it is' : 'stay as they are'),
  })

interface Words {
  readonly nothing: string
  readonly removed: (count: number) => string
  readonly restored: (count: number) => string
  readonly kept: (count: number) => string
}

function sentences({ removed, restored, kept }: UndoTally, words: Words): string {
  if (removed + restored + kept === 0) return words.nothing
  const done = [
    ...(removed > 0 ? [`${counted(removed, 'record')} ${words.removed(removed)}`] : []),
    ...(restored > 0
      ? [`${removed > 0 ? number(restored) : counted(restored, 'record')} ${words.restored(restored)}`]
      : []),
  ]
  const why =
    kept === 1
      ? 'it was changed or deleted later, or something else holds it'
      : 'they were changed or deleted later, or something else holds them'
  const left = `${counted(kept, 'record')} ${words.kept(kept)}, because ${why}.`
  return [...(done.length > 0 ? [`${done.join(', and ')}.`] : []), ...(kept > 0 ? [left] : [])].join(' ')
}
