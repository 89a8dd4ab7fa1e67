import type { Counts } from '../../src/imports/terms'
import { counted } from '../../src/text/numbers'
import type { UndoCounts } from './api/imports'
import { typeName } from './format'

export const sumOf = (counts: Counts): number => Object.values(counts).reduce((sum, count) => sum + count, 0)

/** `3 products, 1 plan and 2 offerings` */
function listed(counts: Counts): string {
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([type, count]) => counted(count, typeName(type)))
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

const TENSES = {
  would: {
    removed: 'will be removed',
    restored: 'will get the values back that',
    kept: 'will stay as they are',
  },
  did: { removed: 'removed', restored: 'got the values back that', kept: 'stayed as they are' },
} as const

/** What an undo would do, or did. */
export function undoSentences(
  { removed, restored, kept }: UndoCounts,
  tense: keyof typeof TENSES,
): readonly string[] {
  const words = TENSES[tense]
  const isOne = (counts: Counts) => sumOf(counts) === 1
  const was = (counts: Counts) => (isOne(counts) ? 'was' : 'were')
  const sentences = []
  if (sumOf(removed) > 0) {
    const verb = tense === 'would' ? words.removed : `${was(removed)} ${words.removed}`
    sentences.push(`${listed(removed)} that this import added ${verb}.`)
  }
  if (sumOf(restored) > 0) {
    const they = isOne(restored) ? 'it' : 'they'
    sentences.push(`${listed(restored)} that it changed ${words.restored} ${they} had before.`)
  }
  if (sumOf(kept) > 0) {
    const why = 'changed or deleted since, or held by something else'
    sentences.push(`${listed(kept)} ${words.kept}: ${why}.`)
  }
  return sentences.length > 0 ? sentences : ['There is nothing to remove or to restore.']
}
