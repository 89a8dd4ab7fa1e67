import { type CopyColumn, CopyRows } from '../../../db/copy/copy.js'
import { settled } from '../../../db/pool.js'
import { insertHeld } from '../../../records/write/insert-held.js'
import type { LineProblem } from '../../file/examine.js'
import { type Added, resolveAll, type Writing } from '../add.js'
import type { Candidates } from '../chunks.js'
import { type Batch, holdersOf, idsOf, selectionOf } from './batch.js'
import { type Changed, changeRecords, type Pair } from './change.js'
import { lockExisting } from './existing.js'
import { Staging, stagedType } from './staging.js'

/**
 * Adds the records of one type, or writes them over those that have their `external_ref`, and keeps the journal
 * of it (docs/decisions/0049). Of lines that share an `external_ref`, each one comes in a round of its own, so
 * that it finds what the one before it has left.
 *
 * @throws DatabaseError, a unique violation (23505) if an `external_ref` was taken after it had been looked for;
 *   the transaction has then failed
 */
export async function overwriteRecords(writing: Writing, candidates: Candidates): Promise<Added> {
  const { client, milliseconds } = writing
  const { records } = candidates
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
  const staging = new Staging(client, records.recordType)
  const total = new Total(problems)
  const known = new Map<string, string>()
  for (const round of candidates.rounds) {
    const places = out.size === 0 ? round : round.filter((place) => !out.has(place))
    const refs = places.flatMap((place) => records.externalRef(place) ?? [])
    await lockExisting(client, writing.job, records.recordType, refs, known)
    const { fresh, pairs } = divide(batch, places, known)
    await addFresh(writing, batch, fresh)
    for (const place of fresh) {
      const ref = records.externalRef(place)
      if (ref !== undefined) known.set(ref, records.id(place))
    }
    total.add(fresh.length, await changeAll(writing, batch, staging, pairs))
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
  readonly problems: readonly LineProblem[]

  constructor(problems: readonly LineProblem[]) {
    this.problems = problems
  }

  get imported(): number {
    return this.inserted + this.updated + this.unchanged
  }

  add(inserted: number, { updated, unchanged }: Changed): void {
    this.inserted += inserted
    this.updated += updated
    this.unchanged += unchanged
  }
}

interface PlacedPair extends Pair {
  readonly place: number
}

/** Which records of a round are new, and which ones are there already. */
function divide(
  batch: Batch,
  places: readonly number[],
  existing: ReadonlyMap<string, string>,
): { readonly fresh: readonly number[]; readonly pairs: readonly PlacedPair[] } {
  const { records } = batch
  const fresh: number[] = []
  const pairs: PlacedPair[] = []
  for (const place of places) {
    const ref = records.externalRef(place)
    const id = ref === undefined ? undefined : existing.get(ref)
    if (id === undefined) fresh.push(place)
    else pairs.push({ ...pairOf(batch, place), id })
  }
  return { fresh, pairs }
}

function pairOf(batch: Batch, place: number): Omit<PlacedPair, 'id'> {
  const { records } = batch
  const content = batch.held(place)?.content
  return {
    place,
    newId: records.id(place),
    line: batch.line(place).number,
    isInline: content !== undefined && 'lists' in content.from,
    gives: records.recordType.holds.map(({ attribute }) => batch.gives(place, attribute)),
  }
}

async function addFresh(writing: Writing, batch: Batch, places: readonly number[]): Promise<void> {
  if (places.length === 0) return
  const { client, job, milliseconds, loan } = writing
  const { records } = batch
  await settled([
    records.copy(client, selectionOf(batch, places)),
    insertHeld(client, records.recordType, job.rowsOwnerId, milliseconds, holdersOf(batch, places), loan),
    journalFresh(writing, batch, places),
  ])
}

const CREATED_COLUMNS: readonly CopyColumn[] = [
  { name: 'owner_id', type: 'uuid' },
  { name: 'import_id', type: 'uuid' },
  { name: 'resource', type: 'text' },
  { name: 'change', type: 'text' },
  { name: 'written_at', type: 'timestamptz' },
  { name: 'line_number', type: 'bigint' },
  { name: 'record_id', type: 'uuid' },
  { name: 'external_ref', type: 'text' },
]

async function journalFresh(
  { client, job, milliseconds, loan }: Writing,
  batch: Batch,
  places: readonly number[],
): Promise<void> {
  const { records } = batch
  const shared = [job.ownerId, job.id, records.recordType.table, 'created', milliseconds]
  const rows = new CopyRows(CREATED_COLUMNS, shared, loan)
  for (const place of places) {
    rows.add([batch.line(place).number, records.id(place), records.externalRef(place) ?? null])
  }
  await rows.copyTo(client, 'import_changes')
}

const NOTHING_CHANGED: Changed = { updated: 0, unchanged: 0 }

/** Puts records into temporary tables, and writes them over those that are there. */
async function changeAll(
  writing: Writing,
  batch: Batch,
  staging: Staging,
  pairs: readonly PlacedPair[],
): Promise<Changed> {
  if (pairs.length === 0) return NOTHING_CHANGED
  const { client, job, milliseconds, loan } = writing
  const { recordType } = batch.records
  const places = pairs.map(({ place }) => place)
  const staged = stagedType(recordType)
  await staging.prepare()
  await settled([
    batch.records.copy(client, selectionOf(batch, places), staged.table),
    insertHeld(client, staged, job.rowsOwnerId, milliseconds, holdersOf(batch, places), loan),
  ])
  return await changeRecords(writing, recordType, pairs)
}
