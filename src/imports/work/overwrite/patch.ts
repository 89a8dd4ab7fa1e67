import sql, { empty, raw } from 'sql-template-tag'
import { batches } from '../../../db/batches.js'
import { CopyLoan } from '../../../db/copy/buffers.js'
import { rows } from '../../../db/pool.js'
import { firstSlice, isWhole, SLICE_ROWS, type SliceRow } from '../../../db/slices.js'
import { storedSize } from '../../../records/read/records.js'
import type { RecordType } from '../../../records/record-type.js'
import { NewRecords } from '../../../records/write/insert.js'
import type { LineProblem } from '../../file/examine.js'
import { recordIds } from '../../record-id.js'
import type { Writing } from '../add.js'
import type { PlacedPatch } from '../candidates.js'
import { type Batch, idsOf } from './batch.js'
import { type Changed, changeRecords } from './change.js'
import { lockExisting } from './existing.js'
import { type Merged, mergePatch } from './merge.js'
import { resolveMerged } from './resolve-merged.js'
import type { Staging } from './staging.js'
import { columnList } from './staging.js'
import { addFresh, divide, type PlacedPair, stageBatch } from './write-batch.js'

/** What became of a round of patches. */
interface Patched {
  readonly added: number
  readonly changed: Changed
  readonly problems: readonly LineProblem[]
}

/** An existing record, by column. */
export interface ExistingRow extends SliceRow, Readonly<Record<string, unknown>> {
  readonly id: string
  readonly external_ref: string
}

/**
 * Changes existing records in part, or adds new ones: what a line gives is put together with what the
 * record has, and the whole is judged and written like any other record.
 *
 * @param patches no two with the same `external_ref`
 * @param known by `external_ref`, the ids of records that are locked, to which others are added
 *
 */
export async function patchRound(
  writing: Writing,
  recordType: RecordType,
  staging: Staging,
  patches: readonly PlacedPatch[],
  known: Map<string, string>,
): Promise<Patched> {
  const refs = patches.map(({ externalRef }) => externalRef)
  await lockExisting(writing.client, writing.job, recordType, refs, known)
  const there = new Map<string, PlacedPatch>()
  const fresh: PlacedPatch[] = []
  for (const patch of patches) {
    const id = known.get(patch.externalRef)
    if (id === undefined) fresh.push(patch)
    else there.set(id, patch)
  }
  const problems: LineProblem[] = []
  const merge = async (some: readonly (readonly [PlacedPatch, ExistingRow | undefined])[]) => {
    const merged = some.map(([patch, row]) => mergePatch(recordType, patch, row, writing.milliseconds))
    return batchOf(writing, recordType, await resolveMerged(writing, recordType, merged, problems))
  }
  const added = await merge(fresh.map((patch) => [patch, undefined]))
  const places = Array.from({ length: added.records.length }, (_, place) => place)
  await addFresh(writing, added, places, known)

  const pairs: PlacedPair[] = []
  if (there.size > 0) await staging.prepare()
  for await (const found of existingRows(writing, recordType, [...there.keys()])) {
    const batch = await merge(
      found.flatMap((row) => {
        const patch = there.get(row.id)
        return patch ? [[patch, row] as const] : []
      }),
    )
    const all = Array.from({ length: batch.records.length }, (_, place) => place)
    const staged = divide(batch, all, known).pairs
    await stageBatch(writing, batch, staged)
    pairs.push(...staged)
  }
  return { added: places.length, changed: await changeRecords(writing, recordType, pairs), problems }
}

/** The rows of locked records, slice by slice, so that few of them are held at once. */
function existingRows(
  { client, job }: Writing,
  recordType: RecordType,
  ids: readonly string[],
): AsyncGenerator<readonly ExistingRow[]> {
  const columns = [{ name: 'id' }, ...recordType.columns, ...recordType.contentColumns]
  const read = (after: ExistingRow | undefined) => {
    const page = sql`
      select ${columnList(columns)} from ${raw(recordType.table)}
      where owner_id = ${job.rowsOwnerId} and id = any(${ids}::uuid[])
            ${after ? sql`and id > ${after.id}` : empty}
      order by id limit ${SLICE_ROWS}`
    return rows<ExistingRow>(client, sql`${firstSlice(page, sql`id`, storedSize(recordType))} order by id`)
  }
  return batches(read, (found) => isWhole(found, SLICE_ROWS))
}

/** Merged records as a batch. Its buffers live as long as the batch, which is soon written. */
function batchOf({ job, milliseconds }: Writing, recordType: RecordType, merged: readonly Merged[]): Batch {
  const idOf = recordIds(job.id, milliseconds)
  const line = (place: number) => merged[place]?.patch.line ?? { number: 0, start: 0 }
  const records = new NewRecords(
    recordType,
    job.rowsOwnerId,
    milliseconds,
    (place) => idOf(line(place).number),
    new CopyLoan([]),
  )
  for (const { attributes } of merged) records.add(attributes)
  const batch: Batch = {
    records,
    milliseconds,
    line,
    held: (place) => merged[place]?.held,
    gives: (place, attribute) => merged[place]?.gives.has(attribute) ?? false,
    contentValues: (place) => merged[place]?.contentValues(idsOf(batch, place)) ?? [],
  }
  return batch
}
