import sql from 'sql-template-tag'
import { v5 as uuidv5 } from 'uuid'
import { batches } from '../../db/batches.js'
import { type Pool, rows } from '../../db/pool.js'
import { firstSlice, SLICE_ROWS } from '../../db/slices.js'
import type { Import } from '../import.js'

/** One problem of one line, as in the report. Times are RFC 3339. */
export interface ImportError {
  readonly id: string
  readonly ownerId: string
  readonly line: number
  readonly field: string
  readonly error: string
  readonly externalRef: string | undefined
  readonly createdAt: string
}

interface ErrorRow {
  readonly line_number: number
  readonly ordinal: number
  readonly field: string
  readonly error: string
  readonly external_ref: string | null
  readonly created_at: string
}

/** A page of an import's errors, by line. */
export async function listErrors(
  pool: Pool,
  { id, ownerId }: Import,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<ImportError[]> {
  const found = await rows<ErrorRow>(
    pool,
    sql`
      select line_number, ordinal, field, error, external_ref, created_at
      from import_errors
      where owner_id = ${ownerId} and import_id = ${id}
      order by line_number, ordinal
      limit ${limit} offset ${offset}`,
  )
  return found.map((row) => toImportError(id, ownerId, row))
}

/** The stored bytes of an error, by the columns of a page. */
const ERROR_SIZE = sql`
  pg_column_size(p.field) + pg_column_size(p.error) + coalesce(pg_column_size(p.external_ref), 0)`

/**
 * All errors of an import, by line, read in slices so that no connection is held while a slow client reads.
 *
 * @throws Error if there are fewer than the import has: they were deleted meanwhile.
 */
export async function* allErrors(
  pool: Pool,
  { id, ownerId, errors }: Import,
): AsyncGenerator<ImportError[], void, undefined> {
  const read = (after: ErrorRow | undefined) => {
    const page = sql`
      select line_number, ordinal, field, error, external_ref, created_at
      from import_errors
      where owner_id = ${ownerId} and import_id = ${id}
        and (line_number, ordinal) > (${after?.line_number ?? 0}, ${after?.ordinal ?? -1})
      order by line_number, ordinal
      limit ${SLICE_ROWS}`
    const slice = firstSlice(page, sql`line_number, ordinal`, ERROR_SIZE)
    return rows<ErrorRow>(pool, sql`${slice} order by line_number, ordinal`)
  }
  let left = errors
  for await (const found of batches(read)) {
    left -= found.length
    yield found.map((row) => toImportError(id, ownerId, row))
  }
  if (left > 0) throw new Error('The report expired while it was being read.')
}

/** An error's id is derived from the import and its place in the report, so it needs no column. */
function toImportError(importId: string, ownerId: string, row: ErrorRow): ImportError {
  return {
    id: uuidv5(`${row.line_number}:${row.ordinal}`, importId),
    ownerId,
    line: row.line_number,
    field: row.field,
    error: row.error,
    externalRef: row.external_ref ?? undefined,
    createdAt: row.created_at,
  }
}
