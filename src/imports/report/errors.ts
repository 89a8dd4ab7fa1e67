import sql, { empty, join, type Sql } from 'sql-template-tag'
import { v5 as uuidv5 } from 'uuid'
import { batches } from '../../db/batches.js'
import { listPage } from '../../db/list.js'
import { type Pool, rows } from '../../db/pool.js'
import { firstSlice, SLICE_ROWS } from '../../db/slices.js'
import { totalQuery } from '../../db/totals.js'
import { type Import, type ImportRow, importColumns, toImport } from '../import.js'

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

/** One import; undefined if these owners do not have it. */
export async function findImport(
  pool: Pool,
  ownerIds: readonly string[],
  id: string,
): Promise<Import | undefined> {
  const [row] = await rows<ImportRow>(
    pool,
    sql`select ${importColumns} from imports where id = ${id} and owner_id = any(${ownerIds}::uuid[])`,
  )
  return row && toImport(row)
}

/** A page of the imports of these owners, newest first, and how many there are. */
export async function listImports(
  pool: Pool,
  ownerIds: readonly string[],
  { offset, limit }: { readonly offset: number; readonly limit: number },
  filter: Sql | undefined,
): Promise<{ total: number; imports: Import[] }> {
  const condition = filter ? sql`and ${filter}` : empty
  const parts = ownerIds.map(
    (ownerId) => sql`
      (select id, created_at from imports where owner_id = ${ownerId} ${condition}
       order by created_at desc, id desc limit ${offset + limit})`,
  )
  const { total, found } = await listPage<ImportRow>(pool, {
    total: filter
      ? sql`select count(*) from imports where owner_id = any(${ownerIds}::uuid[]) ${condition}`
      : totalQuery(ownerIds, 'imports'),
    // The ids are read first, so that no import is read with its counts only to be skipped.
    page: sql`
      select ${importColumns} from imports
      where id = any(array(
        select id from (${join(parts, ' union all ')}) as p
        order by created_at desc, id desc limit ${limit} offset ${offset}))`,
    order: sql`r.created_at desc, r.id desc`,
  })
  return { total, imports: found.map(toImport) }
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

/** Errors that are the same apart from names and numbers, grouped. */
export interface ErrorKind {
  readonly id: string
  readonly field: string
  readonly error: string
  readonly lines: number
  readonly firstLine: number
}

/** The most kinds to return: a person reads the most frequent ones, and a file of garbage has few. */
export const MAX_KINDS = 100

/** An import's errors by kind, the most frequent first. */
export async function listErrorKinds(pool: Pool, { id, ownerId }: Import): Promise<ErrorKind[]> {
  const found = await rows<{ field: string; error: string; lines: number; first_line_number: number }>(
    pool,
    sql`
      select field, error, lines, first_line_number
      from import_error_kinds
      where owner_id = ${ownerId} and import_id = ${id}
      order by lines desc, first_line_number, field, error
      limit ${MAX_KINDS}`,
  )
  return found.map(({ field, error, lines, first_line_number }) => ({
    id: uuidv5(`${field}\0${error}`, id),
    field,
    error,
    lines,
    firstLine: first_line_number,
  }))
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
