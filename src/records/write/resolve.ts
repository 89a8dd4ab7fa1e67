import type { Client } from '../../db/pool.js'
import { addProblem, type Problem } from '../../schema/problem.js'
import { toUtc } from '../../schema/time.js'
import type { NamedContent } from '../content/content.js'
import { type ResolvedContent, resolveContents } from '../content/resolve.js'
import type { Content, RecordType } from '../record-type.js'
import { findSources, type ResolvedLists, resolveReferences } from './references.js'
import type { Referring } from './referring.js'

/** What the database says of one record: its resolved references, or its problems. */
export interface Resolved extends ResolvedLists {
  /** What it holds a copy of, if it refers to the content of another record. */
  content?: ResolvedContent
}

/**
 * Resolves what records refer to, among the records visible to the owner, and compares times with the database's
 * clock. What is found stays locked until the transaction ends.
 *
 * @param milliseconds since 1970 by the database's clock
 */
export async function resolve(
  client: Client,
  recordType: RecordType,
  visibleOwnerIds: readonly string[],
  records: readonly Referring[],
  milliseconds: number,
): Promise<readonly Resolved[]> {
  const lists = records.map((record) => record.lists)
  const resolved: Resolved[] = await resolveReferences(client, recordType, visibleOwnerIds, lists)
  if (recordType.content) {
    await resolveContent(client, recordType.content, visibleOwnerIds, records, resolved, milliseconds)
  }
  const now = new Date(milliseconds).toISOString()
  for (const [place, { past }] of records.entries()) {
    for (const [field, time] of past) {
      const problem = futureProblem(field, time, now)
      if (problem) addProblem(resolved[place]?.problems ?? [], problem)
    }
  }
  return resolved
}

/** What is wrong with a time of the past that is later than now, a time in UTC. */
export const futureProblem = (field: string, time: string, now: string): Problem | undefined =>
  (toUtc(time) ?? '') <= now ? undefined : { field, error: `${field} must not be in the future` }

async function resolveContent(
  client: Client,
  content: Content,
  visibleOwnerIds: readonly string[],
  records: readonly Referring[],
  resolved: readonly Resolved[],
  milliseconds: number,
): Promise<void> {
  const given = records.flatMap((record) => record.content ?? [])
  const textsBy = (by: NamedContent['by']) =>
    new Set(given.flatMap((one) => ('by' in one && one.by === by ? one.text : [])))
  const find = (by: NamedContent['by']) => findSources(client, content.to, visibleOwnerIds, textsBy(by), by)
  const sources = { id: await find('id'), external_ref: await find('external_ref') }
  const found = await resolveContents(client, content, given, milliseconds, sources)
  for (const [place, one] of found.entries()) {
    const into = resolved[place]
    if (!into) continue
    if ('problem' in one) {
      into.problems.push(one.problem)
      if (one.missing !== undefined) into.missing.push(one.missing)
    } else into.content = one
  }
}
