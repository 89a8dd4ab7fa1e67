import type { Client } from '../../db/pool.js'
import type { Problem } from '../../schema/problem.js'
import type { NamedContent } from '../content/content.js'
import { type ResolvedContent, resolveContents } from '../content/resolve.js'
import type { Content, RecordType } from '../record-type.js'
import { type Element, findSources, type Lock, resolveReferences } from './references.js'
import type { Referring } from './referring.js'

/** What the database says of one record: its resolved references, or its problems. */
export interface Resolved {
  readonly problems: readonly Problem[]
  /** The references that lead nowhere, as they were given. */
  readonly missing: readonly string[]
  /** By the references' attribute, in the order of the list. */
  readonly elements: ReadonlyMap<string, readonly Element[]>
  /** What it holds a copy of, if it refers to the content of another record. */
  readonly content?: ResolvedContent
}

/**
 * Resolves what records refer to, among the records visible to the owner.
 *
 * @param records may have the same object several times
 * @param lock of what a content is copied from; what lists name always stays locked against deletion
 * @returns by place
 */
export async function resolve(
  client: Client,
  recordType: RecordType,
  visibleOwnerIds: readonly string[],
  records: readonly Referring[],
  lock: Lock,
): Promise<readonly Resolved[]> {
  const { content } = recordType
  if (!content) {
    const lists = records.map((record) => record.lists)
    return await resolveReferences(client, recordType, visibleOwnerIds, lists)
  }
  const unique = [...new Set(records)]
  const resolved = await resolveContent(client, content, visibleOwnerIds, unique, lock)
  const byRecord = new Map(unique.map((record, place) => [record, resolved[place] ?? NOTHING]))
  return records.map((record) => byRecord.get(record) ?? NOTHING)
}

const NOTHING: Resolved = { problems: [], missing: [], elements: new Map() }

async function resolveContent(
  client: Client,
  content: Content,
  visibleOwnerIds: readonly string[],
  records: readonly Referring[],
  lock: Lock,
): Promise<readonly Resolved[]> {
  const given = records.flatMap((record) => record.content ?? [])
  const find = (by: NamedContent['by']) => {
    const texts = new Set(given.flatMap((one) => ('by' in one && one.by === by ? one.text : [])))
    return findSources(client, content.to, visibleOwnerIds, texts, by, lock)
  }
  const sources = { id: await find('id'), external_ref: await find('external_ref') }
  const found = await resolveContents(client, content, given, sources)
  return records.map(({ future }, place): Resolved => {
    const one = found[place]
    if (one && 'problem' in one) {
      const missing = one.missing === undefined ? [] : [one.missing]
      return { ...NOTHING, problems: [one.problem, ...future], missing }
    }
    return { ...NOTHING, problems: future, ...(one && { content: one }) }
  })
}
