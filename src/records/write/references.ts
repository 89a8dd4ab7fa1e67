import sql, { empty, raw, type Sql } from 'sql-template-tag'
import type { CopyValue } from '../../db/copy/copy.js'
import { type Client, rows, settled } from '../../db/pool.js'
import { isAnyId, isAnyOf } from '../../db/ref-key.js'
import { given } from '../../schema/given.js'
import { addProblem, MAX_PROBLEMS, type Problem } from '../../schema/problem.js'
import { UUID_PATTERN } from '../../schema/uuid.js'
import { excerpt } from '../../text/text.js'
import { columnValue } from '../columns.js'
import type { RecordType, Reference } from '../record-type.js'
import type { Source } from '../snapshot.js'

/** An inline record: only the values of its columns, without the rest of the line. */
export interface Inline {
  readonly values: readonly CopyValue[]
}

/** By attribute, a record's lists of references: texts that name records, and inline records. */
export type ReferenceLists = Readonly<Record<string, readonly (string | Inline)[]>>

/** Takes the lists of references out of valid attributes. An absent one counts as empty. */
export function referenceLists(
  { references }: RecordType,
  attributes: Readonly<Record<string, unknown>>,
): ReferenceLists {
  return Object.fromEntries(
    references.map(({ attribute, to }) => {
      const list = (attributes[attribute] ?? []) as readonly (string | Readonly<Record<string, unknown>>)[]
      return [attribute, list.map((element) => (typeof element === 'string' ? element : inline(to, element)))]
    }),
  )
}

const inline = ({ columns }: RecordType, attributes: Readonly<Record<string, unknown>>): Inline => ({
  values: columns.map((column) => columnValue(column, attributes)),
})

/** An element that becomes a copy of a record. */
export interface Copied {
  readonly sourceId: string
  readonly sourceOwnerId: string
}

/** One element of a list of references, as it will become a snapshot. */
export type Element = Copied | Inline

/** The resolved lists of references of one record. */
export interface ResolvedLists {
  readonly problems: Problem[]
  /** The references among them that lead nowhere, as they were given. */
  readonly missing: string[]
  /** By the references' attribute, in the order of the list. */
  readonly elements: Map<string, Element[]>
}

/** How records that were found are locked until the transaction ends. */
export type Lock = 'none' | 'key share' | 'share'

/** By what records are looked up. */
export type LookUpBy = 'id or external_ref' | 'id' | 'external_ref'

/** How many references a statement looks up at a time, which bounds the memory for it. */
const SLICE = 5000

/**
 * Looks up every record that these lists refer to, among those visible to the owner: by id, or else by
 * `external_ref`, the owner's own before its organization's (contract 8). The records found stay locked
 * against deletion until the transaction ends.
 */
export async function resolveReferences(
  client: Client,
  { references }: RecordType,
  visibleOwnerIds: readonly string[],
  records: readonly ReferenceLists[],
  by: LookUpBy = 'id or external_ref',
): Promise<ResolvedLists[]> {
  const resolved: ResolvedLists[] = records.map(() => ({ problems: [], missing: [], elements: new Map() }))
  const lookedUp = await settled(
    references.map(async (reference) => {
      const lists = records.map((record) => record[reference.attribute] ?? [])
      const texts = new Set(lists.flatMap((list) => list.filter((element) => typeof element === 'string')))
      return {
        reference,
        lists,
        sources: await findSources(client, reference.to, visibleOwnerIds, texts, by, 'key share'),
      }
    }),
  )
  for (const { reference, lists, sources } of lookedUp) {
    for (const [place, list] of lists.entries()) {
      const one = resolved[place]
      if (one) one.elements.set(reference.attribute, toElements(reference, list, sources, one))
    }
  }
  return resolved
}

/** What these texts lead to, by the text. Of records with the same `external_ref`, the owner's own comes first. */
export async function findSources(
  client: Client,
  to: RecordType,
  visibleOwnerIds: readonly string[],
  texts: ReadonlySet<string>,
  by: LookUpBy,
  lock: Lock,
): Promise<ReadonlyMap<string, Source>> {
  const unique = [...texts]
  const all = new Map<string, Source>()
  for (let start = 0; start < unique.length; start += SLICE) {
    const slice = unique.slice(start, start + SLICE)
    const found = await findSlice(client, to, visibleOwnerIds, slice, by, lock)
    for (const [text, source] of found) all.set(text, source)
  }
  return all
}

async function findSlice(
  client: Client,
  to: RecordType,
  visibleOwnerIds: readonly string[],
  texts: readonly string[],
  by: LookUpBy,
  lock: Lock,
): Promise<Map<string, Source>> {
  const sources = new Map<string, Source>()
  const ids = by === 'external_ref' ? [] : texts.filter((text) => UUID_PATTERN.test(text))
  const ways = [
    { texts: ids, find: findByIds },
    { texts: by === 'id' ? [] : texts, find: findByRefs },
  ]
  for (const { texts, find } of ways) {
    // The owner comes first among those that are visible to it: its own records win. One statement for each, since a
    // distributed PostgreSQL locks the rows of one owner at a time.
    for (const ownerId of visibleOwnerIds) {
      const left = texts.filter((text) => !sources.has(text))
      if (left.length === 0) break
      const found = await find(client, to, ownerId, left, lock)
      for (const [text, id] of found) sources.set(text, { id, owner_id: ownerId })
    }
  }
  return sources
}

/** The id of the record that each text leads to. */
type Found = readonly (readonly [text: string, id: string])[]

/** The clause that locks the rows of a table, by its alias. */
export const lockedBy = (lock: Lock, alias: string): Sql =>
  lock === 'none' ? empty : raw(`for ${lock} of ${alias}`)

async function findByIds(
  client: Client,
  { table }: RecordType,
  ownerId: string,
  texts: readonly string[],
  lock: Lock,
): Promise<Found> {
  const found = await rows<{ id: string }>(
    client,
    sql`
      select t.id from ${raw(table)} t where t.owner_id = ${ownerId} and ${isAnyId(sql`t.id`, texts)}
      ${lockedBy(lock, 't')}`,
  )
  const ids = new Set(found.map(({ id }) => id))
  return texts.flatMap((text) => {
    const id = text.toLowerCase()
    return ids.has(id) ? [[text, id] as const] : []
  })
}

async function findByRefs(
  client: Client,
  { table }: RecordType,
  ownerId: string,
  texts: readonly string[],
  lock: Lock,
): Promise<Found> {
  const found = await rows<{ external_ref: string; id: string }>(
    client,
    sql`
      select t.external_ref, t.id from ${raw(table)} t
      where t.owner_id = ${ownerId} and ${isAnyOf(sql`t.external_ref`, texts)}
      ${lockedBy(lock, 't')}`,
  )
  return found.map(({ external_ref, id }) => [external_ref, id])
}

/**
 * Turns a list of references into elements, and adds those that lead nowhere, or to the same record twice, to
 * the problems.
 *
 * @param sources what was found, by the reference as given.
 */
export function toElements(
  { attribute, to }: Reference,
  list: readonly (string | Inline)[],
  sources: ReadonlyMap<string, Source>,
  { problems, missing }: Pick<ResolvedLists, 'problems' | 'missing'>,
): Element[] {
  const seen = new Map<string, number>()
  return list.flatMap((element, index): Element[] => {
    if (typeof element !== 'string') return [element]
    const field = `${attribute}[${index}]`
    const source = sources.get(element)
    if (!source) {
      const error = `${to.noun} "${excerpt(element)}" was not found`
      addProblem(problems, { code: 'not_found', field, error, value: given(element) })
      if (missing.length < MAX_PROBLEMS) missing.push(element)
      return []
    }
    const before = seen.get(source.id)
    if (before !== undefined) {
      const error = `${to.noun} "${excerpt(element)}" is already named by ${attribute}[${before}]`
      addProblem(problems, { code: 'repeated_reference', field, error, value: given(element) })
      return []
    }
    seen.set(source.id, index)
    return [{ sourceId: source.id, sourceOwnerId: source.owner_id }]
  })
}
