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
    sql`${selectErrors(one, selected)} order by line_number, ordinal limit ${limit} offset ${offset}`,
  )
  return found.map((row) => toImportError(one, row))
}

/** How many errors are selected. */
export async function countErrors(pool: Pool, one: Import, selected: SelectedErrors): Promise<number> {
  if (selected.count !== undefined) return selected.count
  const [counted] = await rows<{ count: number }>(
    pool,
    sql`select count(*) as count from (${selectErrors(one, selected)}) as e`,
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
    const page = sql`${selectErrors(one, selected, after)} order by line_number, ordinal limit ${SLICE_ROWS}`
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

/**
 * The selected errors, in no order. Those of each kind come from an index that has them by line, which the planner
 * merges, so that a page takes no more than its rows.
 */
function selectErrors(
  { id, ownerId }: Import,
  { kinds, lines }: SelectedErrors,
  after?: Pick<ErrorRow, 'line_number' | 'ordinal'>,
): Sql {
  const further = after ? sql`and (line_number, ordinal) > (${after.line_number}, ${after.ordinal})` : empty
  const those = (ofKinds: Sql) => sql`
    select line_number, ordinal, type, code, field, error, value, external_ref, used_by, line_start, created_at
    from import_errors
    where owner_id = ${ownerId} and import_id = ${id} ${ofKinds} ${lines ? sql`and ${lines}` : empty} ${further}`
  if (kinds === undefined) return those(empty)
  if (kinds.length === 0) return those(sql`and false`)
  return join(kinds.map(ofKinds).map(those), ' union all ')
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
