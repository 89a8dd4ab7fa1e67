import { contentOf, type GivenContent } from '../content/content.js'
import type { RecordType } from '../record-type.js'
import { type ReferenceLists, referenceLists } from './references.js'

/** What the database has to see of a record's attributes before the record is added. */
export interface Referring {
  readonly lists: ReferenceLists
  readonly content: GivenContent | undefined
  /** The attributes that must not lie in the future, as given. */
  readonly past: readonly (readonly [attribute: string, time: string])[]
}

/** Whether the database has to see anything of a type's records before they are added. */
export const isReferring = ({ references, content }: RecordType): boolean =>
  references.length > 0 || content !== undefined

/** Takes it out of valid attributes. */
export function referringOf(
  recordType: RecordType,
  attributes: Readonly<Record<string, unknown>>,
): Referring {
  const { content, past = [] } = recordType
  return {
    lists: referenceLists(recordType, attributes),
    content: content && contentOf(content, attributes),
    past: past.flatMap((name) =>
      attributes[name] === undefined ? [] : [[name, String(attributes[name])] as const],
    ),
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
