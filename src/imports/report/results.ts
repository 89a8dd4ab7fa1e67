import sql, { raw } from 'sql-template-tag'
import { batches } from '../../db/batches.js'
import { type Pool, rows } from '../../db/pool.js'
import { firstSlice, isWhole, SLICE_ROWS, type SliceRow } from '../../db/slices.js'
import { recordTypes } from '../../records/index.js'
import type { RecordType } from '../../records/record-type.js'
import type { Import } from '../import.js'
import { firstIdAt, lineOfRecord } from '../record-id.js'
import { keepsJournal } from '../terms.js'

/** The record of an imported line. */
export interface Result {
  readonly line: number
  /** `subscription_product` */
  readonly type: string
  readonly id: string
  readonly externalRef: string | undefined
}

/**
 * The records that an import added or changed and that still exist, by line. Streams, holding one batch of
 * each type. The line of an added record follows from its id (see `record-id.ts`); that of a changed one is
 * stored.
 */
export async function* importResults(pool: Pool, found: Import): AsyncGenerator<Result, void, undefined> {
  if (found.dryRun) return
  const sources = recordTypes.flatMap((recordType) => [
    added(pool, found, recordType),
    ...(keepsJournal(found.onConflict) ? [changed(pool, found, recordType)] : []),
  ])
  yield* mergedByLine(sources)
}

const isLastSlice = (found: readonly SliceRow[]): boolean => isWhole(found, SLICE_ROWS)

const REF_SIZE = sql`coalesce(pg_column_size(p.external_ref), 0)`

interface AddedRow extends SliceRow {
  readonly id: string
  readonly external_ref: string | null
}

/**
 * Finds the records by the times that the import's chunks gave them, which are stored: no clock is trusted
 * for this.
 */
async function* added(
  pool: Pool,
  { id: importId, ownerId }: Import,
  { type, table }: RecordType,
): AsyncGenerator<Result> {
  const [times] = await rows<{ from: string | null; to: string | null }>(
    pool,
    sql`select records_from as from, records_to as to from imports where id = ${importId}`,
  )
  if (!times?.from || !times.to) return
  const end = firstIdAt(Date.parse(times.to) + 1)
  const start = firstIdAt(Date.parse(times.from))
  const read = (after: AddedRow | undefined) => {
    const page = sql`
      select id, external_ref from ${raw(table)}
      where owner_id = ${ownerId} and id > ${after?.id ?? start} and id < ${end}
      order by id limit ${SLICE_ROWS}`
    return rows<AddedRow>(pool, sql`${firstSlice(page, sql`id`, REF_SIZE)} order by id`)
  }
  for await (const found of batches(read, isLastSlice)) {
    for (const { id, external_ref } of found) {
      const line = lineOfRecord(importId, id)
      if (line !== undefined) yield { line, type, id, externalRef: external_ref ?? undefined }
    }
  }
}

interface ChangedRow extends AddedRow {
  readonly line_number: number
}

async function* changed(
  pool: Pool,
  { id: importId, ownerId }: Import,
  { type, table }: RecordType,
): AsyncGenerator<Result> {
  const read = (after: ChangedRow | undefined) => {
    const page = sql`
      select u.line_number, t.id, t.external_ref
      from import_changes u join ${raw(table)} t on t.owner_id = u.owner_id and t.id = u.record_id
      where u.owner_id = ${ownerId} and u.import_id = ${importId} and u.resource = ${table}
        and u.change is distinct from 'created'
        and u.line_number > ${after?.line_number ?? 0}
      order by u.line_number limit ${SLICE_ROWS}`
    const slice = firstSlice(page, sql`line_number`, REF_SIZE)
    return rows<ChangedRow>(pool, sql`${slice} order by line_number`)
  }
  for await (const found of batches(read, isLastSlice)) {
    for (const { line_number: line, id, external_ref } of found) {
      yield { line, type, id, externalRef: external_ref ?? undefined }
    }
  }
}

async function* mergedByLine(sources: readonly AsyncGenerator<Result>[]): AsyncGenerator<Result> {
  const heads = await Promise.all(sources.map(async (source) => ({ source, next: await source.next() })))
  for (;;) {
    let first: (typeof heads)[number] | undefined
    for (const head of heads) {
      if (!head.next.done && (!first || first.next.done || head.next.value.line < first.next.value.line))
        first = head
    }
    if (!first || first.next.done) return
    yield first.next.value
    first.next = await first.source.next()
  }
}
