import { given } from '../../schema/given.js'
import type { Problem } from '../../schema/problem.js'
import { toUtc } from '../../schema/time.js'
import { contentOf, type GivenContent } from '../content/content.js'
import type { RecordType } from '../record-type.js'
import { type ReferenceLists, referenceLists } from './references.js'

/** What the database has to see of a record's attributes before the record is added. */
export interface Referring {
  readonly lists: ReferenceLists
  readonly content: GivenContent | undefined
  /** Times that must not lie in the future, and do. */
  readonly future: readonly Problem[]
}

/** Whether the database has to see anything of a type's records before they are added. */
export const isReferring = ({ references, content }: RecordType): boolean =>
  references.length > 0 || content !== undefined

/**
 * Takes it out of valid attributes.
 *
 * @param now the time in UTC by the database's clock
 */
export function referringOf(
  recordType: RecordType,
  attributes: Readonly<Record<string, unknown>>,
  now: string,
): Referring {
  const { content } = recordType
  return {
    lists: content ? NO_LISTS : referenceLists(recordType, attributes),
    content: content && contentOf(content, attributes),
    future: futureProblems(recordType, attributes, now),
  }
}

const NO_LISTS: ReferenceLists = {}
const NONE: readonly Problem[] = []

/** What is wrong with times of the past that are later than now. */
export function futureProblems(
  { past = [] }: RecordType,
  attributes: Readonly<Record<string, unknown>>,
  now: string,
): readonly Problem[] {
  const future = past.filter(
    (name) => attributes[name] !== undefined && isLater(String(attributes[name]), now),
  )
  if (future.length === 0) return NONE
  return future.map((field) => ({
    code: 'out_of_range',
    field,
    error: `${field} must not be in the future`,
    value: given(attributes[field]),
  }))
}

const isLater = (time: string, now: string): boolean => (toUtc(time) ?? '') > now

/** The same object for all records that ask the same, so that a chunk keeps and resolves it once. */
export class SharedReferring {
  readonly #known = new Map<string, Referring>()

  share(referring: Referring): Referring {
    const { content, future } = referring
    if (!content || !('by' in content) || future.length > 0) return referring
    const { by, text, selector, currency } = content
    const key = `${by} ${currency} ${selector?.by} ${selector?.text.length} ${selector?.text} ${text}`
    const known = this.#known.get(key)
    if (!known) this.#known.set(key, referring)
    return known ?? referring
  }
}

/**
 * How many snapshots it leads to, about.
 *
 * @param perContent how many the content of a named record has
 */
export function countReferences({ lists, content }: Referring, perContent: number): number {
  const listed = Object.values(lists).reduce((sum, { length }) => sum + length, 0)
  if (!content) return listed
  return (
    listed + ('lists' in content ? content.lists.reduce((sum, { length }) => sum + length, 1) : perContent)
  )
}
