import { attributesOf, type ColumnValue } from '../../../records/columns.js'
import { givesContent, selectorOf } from '../../../records/content/content.js'
import type { Question } from '../../../records/content/selection.js'
import type { SnapshotIds } from '../../../records/content/snapshot-ids.js'
import { reselectionProblems } from '../../../records/content/validate.js'
import type { Content, RecordType } from '../../../records/record-type.js'
import { validateRecord } from '../../../records/validate.js'
import { mergeAttributes } from '../../../records/write/read-changes.js'
import { type Referring, referringOf } from '../../../records/write/referring.js'
import type { Resolved } from '../../../records/write/resolve.js'
import type { Problem } from '../../../schema/problem.js'
import type { PlacedPatch } from '../candidates.js'
import type { ExistingRow } from './patch.js'

type Attributes = Readonly<Record<string, unknown>>

/** A patch together with the record that it changes. */
export interface Merged {
  readonly patch: PlacedPatch
  /** All of the record's attributes, as they shall be. */
  readonly attributes: Attributes
  /** The lists that the line gives, or that come with what it refers to. */
  readonly gives: ReadonlySet<string>
  /** What they lead to. */
  readonly held?: Resolved
  /** The values of the type's `contentColumns`. */
  contentValues(ids: SnapshotIds): readonly ColumnValue[]
}

/** A patch put together with its record, before anything is looked up for it. */
export interface Mergeable extends Omit<Merged, 'held'> {
  readonly problems: readonly Problem[]
  readonly referring: Referring
  /** What to ask about the content that the record keeps: another selection, or another currency. */
  readonly reselection: Question['named'] | undefined
  readonly row: ExistingRow | undefined
}

/**
 * Puts a line's attributes together with those that a record has, and validates the whole (contract 6,
 * `patch`).
 *
 * @param row undefined: there is no such record, so the line has to be a whole one
 * @param milliseconds since 1970, now by the database's clock
 *
 */
export function mergePatch(
  recordType: RecordType,
  patch: PlacedPatch,
  row: ExistingRow | undefined,
  milliseconds: number,
): Mergeable {
  // Validation changes what it is given, and the line may have to be read again.
  const given = structuredClone(patch.attributes) as Attributes
  const part = row ? partGiven(recordType, given) : recordType
  const attributes = row
    ? mergeAttributes(recordType, attributesOf(recordType.columns, row), given)
    : { ...given }
  const { content } = recordType
  const keepsContent = content !== undefined && !part.content
  const problems = [
    ...validateRecord(part, attributes),
    ...(keepsContent ? reselectionProblems(content, given) : []),
  ]
  const isValid = problems.length === 0
  return {
    patch,
    row,
    attributes,
    problems,
    gives: new Set(part.holds.map(({ attribute }) => attribute)),
    referring: isValid
      ? referringOf(part, attributes, new Date(milliseconds).toISOString())
      : { lists: {}, content: undefined, future: [] },
    reselection: isValid && keepsContent && row ? reselectionOf(content, row, given) : undefined,
    contentValues: () => recordType.contentColumns.map(({ name }) => (row?.[name] ?? null) as ColumnValue),
  }
}

/** The type with only those lists, and that content, which attributes give. */
function partGiven({ content, ...recordType }: RecordType, given: Attributes): RecordType {
  const references = recordType.references.filter(({ attribute }) => Object.hasOwn(given, attribute))
  if (!content) return { ...recordType, references, holds: references }
  return givesContent(content, given)
    ? { ...recordType, references, content }
    : { ...recordType, references, holds: [] }
}

/** Undefined: neither the selection nor the currency is given, so it stays valid. */
function reselectionOf(content: Content, row: ExistingRow, given: Attributes): Question['named'] | undefined {
  const { selects, currency } = content
  const names = [selects.id, selects.ref].filter((name) => given[name] !== null && given[name] !== '')
  const selector = selectorOf(content, Object.fromEntries(names.map((name) => [name, given[name]])))
  if (!selector && given[currency] === undefined) return undefined
  return {
    selector: selector ?? { field: selects.id, by: 'id', text: String(row[selects.id]) },
    currency: String(given[currency] ?? row[currency]),
  }
}
