import { type CopyColumn, CopyRows } from '../../../db/copy/copy.js'
import { settled } from '../../../db/pool.js'
import { insertHeld } from '../../../records/write/insert-held.js'
import type { Writing } from '../add.js'
import { type Batch, holdersOf, selectionOf } from './batch.js'
import type { Pair } from './held.js'
import { stagedType } from './staging.js'

/** A pair, and the place of its new record in the batch. */
export interface PlacedPair extends Pair {
  readonly place: number
}

/**
 * Which of some records are new, and which ones are there already. @param existing their ids by
 * `external_ref`
 */
export function divide(
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

/** Adds new records, which are known from then on. */
export async function addFresh(
  writing: Writing,
  batch: Batch,
  places: readonly number[],
  known: Map<string, string>,
): Promise<void> {
  if (places.length === 0) return
  const { client, job, milliseconds, loan } = writing
  const { records } = batch
  await settled([
    records.copy(client, selectionOf(batch, places)),
    insertHeld(client, records.recordType, job.rowsOwnerId, milliseconds, holdersOf(batch, places), loan),
    journalFresh(writing, batch, places),
  ])
  for (const place of places) {
    const ref = records.externalRef(place)
    if (ref !== undefined) known.set(ref, records.id(place))
  }
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

/** Puts records into temporary tables, before they are written over those that are there. */
export async function stageBatch(
  { client, job, milliseconds, loan }: Writing,
  batch: Batch,
  pairs: readonly PlacedPair[],
): Promise<void> {
  const places = pairs.map(({ place }) => place)
  const staged = stagedType(batch.records.recordType)
  await settled([
    batch.records.copy(client, selectionOf(batch, places), staged.table),
    insertHeld(client, staged, job.rowsOwnerId, milliseconds, holdersOf(batch, places), loan),
  ])
}
