import sql, { empty, join, type Sql } from 'sql-template-tag'
import { v5 as uuidv5 } from 'uuid'
import { batches } from '../../db/batches.js'
import { type Pool, rows } from '../../db/pool.js'
import { firstSlice, SLICE_ROWS } from '../../db/slices.js'
import type { ProblemCode } from '../../schema/problem.js'
import type { Import } from '../import.js'
import { lineOfRecord } from '../record-id.js'
import type { SelectedErrors, SelectedKinds } from './select.js'

/** One problem of one line, as in the report. Times are RFC 3339. */
export interface ImportError {
  readonly id: string
  readonly ownerId: string
  readonly line: number
  /** Where the line starts in the file, in bytes; undefined: it is not known of old errors. */
  readonly lineStart: number | undefined
  /** The record's type; undefined: the line is not a record. Of old errors neither it nor the code is known. */
  readonly type: string | undefined
  readonly code: ProblemCode | undefined
  readonly field: string
  readonly error: string
  readonly value: string | undefined
  readonly externalRef: string | undefined
  /** The record that has the `external_ref`; if it is of the same file, its line. */
  readonly usedBy: { readonly line: number } | { readonly type: string; readonly id: string } | undefined
  readonly createdAt: string
}

interface ErrorRow {
  readonly line_number: number
  readonly ordinal: number
  readonly type: string | null
  readonly code: ProblemCode | null
  readonly field: string
  readonly error: string
  readonly value: string | null
  readonly external_ref: string | null
  readonly used_by: string | null
  readonly line_start: number | null
  readonly created_at: string
}

/** A page of an import's errors, by line. */
export async function listErrors(
  pool: Pool,
  one: Import,
  selected: SelectedErrors,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<ImportError[]> {
  const found = await rows<ErrorRow>(
    pool,
    sql`${errorsInOrder(one, selected)} limit ${limit} offset ${offset}`,
  )
  return found.map((row) => toImportError(one, row))
}

/** How many errors are selected. */
export async function countErrors(pool: Pool, one: Import, selected: SelectedErrors): Promise<number> {
  if (selected.count !== undefined) return selected.count
  const [counted] = await rows<{ count: number }>(
    pool,
    sql`select count(*) as count from (${join(selectErrors(one, selected), ' union all ')}) as e`,
  )
  return counted?.count ?? 0
}

/** The stored bytes of an error, by the columns of a page. */
const ERROR_SIZE = sql`
  pg_column_size(p.field) + pg_column_size(p.error) + coalesce(pg_column_size(p.external_ref), 0)
  + coalesce(pg_column_size(p.value), 0)`

/**
 * All errors of an import that are selected, by line, read in slices so that no connection is held while a slow
 * client reads.
 *
 * @throws Error if there are fewer than there were at first: they were deleted meanwhile.
 */
export async function* allErrors(
  pool: Pool,
  one: Import,
  selected: SelectedErrors,
): AsyncGenerator<ImportError[], void, undefined> {
  const read = (after: ErrorRow | undefined) => {
    const page = sql`${errorsInOrder(one, selected, after)} limit ${SLICE_ROWS}`
    const slice = firstSlice(page, sql`line_number, ordinal`, ERROR_SIZE)
    return rows<ErrorRow>(pool, sql`${slice} order by line_number, ordinal`)
  }
  let left = await countErrors(pool, one, selected)
  for await (const found of batches(read)) {
    left -= found.length
    yield found.map((row) => toImportError(one, row))
  }
  if (left > 0) throw new Error('The report expired while it was being read.')
}

/** The place of an error in the report. */
type Place = Pick<ErrorRow, 'line_number' | 'ordinal'>

/**
 * The selected errors by line. Those of each kind are ordered by themselves, for which there is an index, so that the
 * planner merges them, and a page takes no more than its rows.
 */
function errorsInOrder(one: Import, selected: SelectedErrors, after?: Place): Sql {
  const order = sql`order by line_number, ordinal`
  const parts = selectErrors(one, selected, after).map((part) => sql`(${part} ${order})`)
  return sql`select * from (${join(parts, ' union all ')}) as e ${order}`
}

/** Queries that find the selected errors together. */
function selectErrors(
  { id, ownerId }: Import,
  { kinds, lines }: SelectedErrors,
  after?: Place,
): readonly Sql[] {
  const further = after ? sql`and (line_number, ordinal) > (${after.line_number}, ${after.ordinal})` : empty
  const those = (ofKinds: Sql) => sql`
    select line_number, ordinal, type, code, field, error, value, external_ref, used_by, line_start, created_at
    from import_errors
    where owner_id = ${ownerId} and import_id = ${id} ${ofKinds} ${lines ? sql`and ${lines}` : empty} ${further}`
  if (kinds === undefined) return [those(empty)]
  return kinds.length === 0 ? [those(sql`and false`)] : kinds.map(ofKinds).map(those)
}

function ofKinds({ ids, fields }: SelectedKinds): Sql {
  const exactly = fields === undefined ? empty : sql`and field = any(${fields}::text[])`
  const [only, another] = ids
  return another === undefined
    ? sql`and kind = ${only} ${exactly}`
    : sql`and kind = any(${ids}::uuid[]) ${exactly}`
}

/** An error's id is derived from the import and its place in the report, so it needs no column. */
function toImportError({ id, ownerId }: Import, row: ErrorRow): ImportError {
  return {
    id: uuidv5(`${row.line_number}:${row.ordinal}`, id),
    ownerId,
    line: row.line_number,
    lineStart: row.line_start ?? undefined,
    type: row.type ?? undefined,
    code: row.code ?? undefined,
    field: row.field,
    error: row.error,
    value: row.value ?? undefined,
    externalRef: row.external_ref ?? undefined,
    usedBy: row.used_by === null ? undefined : holderOf(id, row.type ?? '', row.used_by),
    createdAt: row.created_at,
  }
}

/** @param type of both records: an `external_ref` is unique among those of a type */
function holderOf(importId: string, type: string, recordId: string): ImportError['usedBy'] {
  const line = lineOfRecord(importId, recordId)
  return line === undefined ? { type, id: recordId } : { line }
}
