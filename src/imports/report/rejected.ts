import sql, { empty } from 'sql-template-tag'
import { batches } from '../../db/batches.js'
import { type Pool, rows } from '../../db/pool.js'
import type { UploadReader } from '../../uploads/store.js'
import type { Import } from '../import.js'
import { LineWindow } from './line-window.js'
import { lineForOthers } from './visible-lines.js'

interface RejectedLine {
  readonly line_number: number
  readonly line_start: number | null
  readonly errors: number
}

const BATCH = 1000

/**
 * The lines of an import's file that have errors, in order and byte for byte as they were uploaded, each with
 * its newline. Streams, holding at most part of a line.
 *
 * @param reader of the import's file; stays open.
 * @param isOwn whether the reader is the import's owner; others do not get lines with what is only written.
 * @param lineNumber the only line that is requested.
 * @throws Error if the report expired while it was being read, so that a part is not mistaken for the whole
 */
export async function* rejectedLines(
  pool: Pool,
  reader: UploadReader,
  { id, ownerId, errors }: Import,
  isOwn: boolean,
  lineNumber?: number,
): AsyncGenerator<Buffer, void, undefined> {
  const only = lineNumber === undefined ? empty : sql`and line_number = ${lineNumber}`
  const window = new LineWindow(reader)
  const read = (after: RejectedLine | undefined) =>
    rows<RejectedLine>(
      pool,
      sql`
        select line_number, min(line_start) as line_start, count(*) as errors
        from import_errors
        where owner_id = ${ownerId} and import_id = ${id} and line_number > ${after?.line_number ?? 0} ${only}
        group by line_number order by line_number limit ${BATCH}`,
    )
  let left = lineNumber === undefined ? errors : 0
  for await (const lines of batches(read, ({ length }) => length < BATCH)) {
    for (const { line_start: start, errors: count } of lines) {
      left -= count
      if (start === null) continue
      const line = window.line(start)
      yield* isOwn ? line : lineForOthers(line)
    }
  }
  if (left > 0) throw new Error(`the report of import ${id} expired while it was being read`)
}
