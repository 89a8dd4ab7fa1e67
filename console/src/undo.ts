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

/** The words for what happens to one record, or to several, before it and afterwards. */
const WORDS = {
  would: {
    removed: () => 'will be removed',
    restored: (isOne: boolean) => `will get the values back that ${isOne ? 'it' : 'they'} had before`,
    kept: (isOne: boolean) => `will stay as ${isOne ? 'it is' : 'they are'}`,
  },
  did: {
    removed: (isOne: boolean) => `${isOne ? 'was' : 'were'} removed`,
    restored: (isOne: boolean) => `got the values back that ${isOne ? 'it' : 'they'} had before`,
    kept: (isOne: boolean) => `stayed as ${isOne ? 'it was' : 'they were'}`,
  },
} as const

/** What an undo would do, or did. */
export function undoSentences(
  { removed, restored, kept }: UndoCounts,
  tense: keyof typeof WORDS,
): readonly string[] {
  const words = WORDS[tense]
  const isOne = (counts: Counts) => sumOf(counts) === 1
  const sentences = []
  if (sumOf(removed) > 0) {
    sentences.push(`${listed(removed)} that this import added ${words.removed(isOne(removed))}.`)
  }
  if (sumOf(restored) > 0) {
    sentences.push(`${listed(restored)} that it changed ${words.restored(isOne(restored))}.`)
  }
  if (sumOf(kept) > 0) {
    const why = 'changed or deleted since, or held by something else'
    sentences.push(`${listed(kept)} ${words.kept(isOne(kept))}: ${why}.`)
  }
  return sentences.length > 0 ? sentences : ['There is nothing to remove or to restore.']
}
