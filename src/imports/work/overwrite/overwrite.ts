import type { LineProblem } from '../../file/examine.js'
import { type Added, resolveAll, type Writing } from '../add.js'
import type { Candidates } from '../candidates.js'
import { type Batch, idsOf } from './batch.js'
import { type Changed, changeRecords } from './change.js'
import { lockExisting } from './existing.js'
import { patchRound } from './patch.js'
import { Staging } from './staging.js'
import { addFresh, divide, stageBatch } from './write-batch.js'

/**
 * Adds the records of one type, or writes them over those that have their `external_ref`, and keeps the
 * journal of it (docs/decisions/0049). Of lines that share an `external_ref`, each one comes in a round of
 * its own, so that it finds what the one before it has left.
 *
 * @throws DatabaseError, a unique violation (23505) if an `external_ref` was taken after it had been looked
 *   for; the transaction has then failed
 *
 */
export async function overwriteRecords(writing: Writing, candidates: Candidates): Promise<Added> {
  const { client, milliseconds } = writing
  const { records } = candidates
  const { recordType } = records
  const { resolved, problems, unresolved } = await resolveAll(writing, candidates)
  const out = new Set(unresolved)
  const batch: Batch = {
    records,
    milliseconds,
    line: (place) => candidates.line(place),
    held: (place) => resolved[place],
    gives: () => true,
    contentValues: (place) => resolved[place]?.content?.values(idsOf(batch, place)) ?? [],
  }
  const staging = new Staging(client, recordType)
  const total = new Total(problems)
  // By `external_ref`, the records that are locked or new.
  const known = new Map<string, string>()
  for (const round of candidates.rounds) {
    const places = out.size === 0 ? round : round.filter((place) => !out.has(place))
    const refs = places.flatMap((place) => records.externalRef(place) ?? [])
    await lockExisting(client, writing.job, recordType, refs, known)
    const { fresh, pairs } = divide(batch, places, known)
    await addFresh(writing, batch, fresh, known)
    if (pairs.length > 0) {
      await staging.prepare()
      await stageBatch(writing, batch, pairs)
    }
    total.add(fresh.length, await changeRecords(writing, recordType, pairs))
  }
  for (const round of candidates.patches) {
    const { added, changed, problems } = await patchRound(writing, recordType, staging, round, known)
    total.add(added, changed, problems)
  }
  return total
}

/** What became of the rounds so far. */
class Total implements Added {
  inserted = 0
  updated = 0
  unchanged = 0
  readonly skipped = 0
  readonly conflicts = false
  readonly problems: LineProblem[]

  constructor(problems: LineProblem[]) {
    this.problems = problems
  }

  get imported(): number {
    return this.inserted + this.updated + this.unchanged
  }

  add(inserted: number, { updated, unchanged }: Changed, problems: readonly LineProblem[] = []): void {
    this.inserted += inserted
    this.updated += updated
    this.unchanged += unchanged
    for (const problem of problems) this.problems.push(problem)
  }
}
