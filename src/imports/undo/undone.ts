import sql, { raw, type Sql } from 'sql-template-tag'
import { type Client, type Pool, rows } from '../../db/pool.js'
import { recordTypes } from '../../records/index.js'
import type { RecordType } from '../../records/record-type.js'
import { passes } from '../file/passes.js'
import { firstIdAt, STEM_CHARACTERS, STEM_FROM, stemOf } from '../record-id.js'
import { keepsJournal, type OnConflict } from '../terms.js'

/** What is known of an import that is taken back. */
export interface Undone {
  readonly id: string
  readonly ownerId: string
  readonly onConflict: OnConflict
  /** The ids of the records that it added lie between these; undefined: it added none. */
  readonly range: { readonly after: string; readonly before: string } | undefined
}

export async function findUndone(db: Pool | Client, id: string): Promise<Undone> {
  const [row] = await rows<{
    owner_id: string
    on_conflict: OnConflict
    records_from: string | null
    records_to: string | null
  }>(db, sql`select owner_id, on_conflict, records_from, records_to from imports where id = ${id}`)
  if (!row) throw new Error(`there is no import ${id}`)
  const { owner_id: ownerId, on_conflict: onConflict, records_from: from, records_to: to } = row
  const range =
    from === null || to === null
      ? undefined
      : { after: firstIdAt(Date.parse(from)), before: firstIdAt(Date.parse(to) + 1) }
  return { id, ownerId, onConflict, range }
}

/** Whether it may have changed records that were there, and has a journal of it. */
export const mayChange = ({ onConflict }: Undone): boolean => keepsJournal(onConflict)

/** The condition that an import added a record, as its id shows. @param recordId an expression: `r.id` */
export const isAddedBy = ({ id }: Undone, recordId: string): Sql =>
  sql`substring(${raw(recordId)}::text from ${raw(String(STEM_FROM))} for ${raw(String(STEM_CHARACTERS))}) = ${stemOf(id)}`

/**
 * The condition that a line of the journal is one of the import, where lines are found by their record: in a form that
 * no index has, so that the planner does not look through all of the import's lines for each record.
 *
 * @param change the alias of the line's row
 */
export const isOfImport = ({ id }: Undone, change: string): Sql =>
  sql`${raw(change)}.import_id is not distinct from ${id}::uuid`

/**
 * The condition that a record is as an import has written it: nobody has changed it since, or later imports have,
 * which were taken back.
 *
 * @param record the alias of its row
 * @param writtenAt its `updated_at` after the import had written it, as an expression
 */
export const isStillWritten = ({ ownerId }: Undone, record: string, writtenAt: Sql): Sql => {
  const row = raw(record)
  return sql`
    (${row}.updated_at = ${writtenAt} or exists (
       select 1 from import_changes l
       where l.owner_id = ${ownerId} and l.record_id = ${row}.id and l.undone_at = ${row}.updated_at
         and l.seen_at = ${writtenAt} offset 0
     ))`
}

/** The condition that a line of the import was the last to change a record. @param record the alias of its row */
export const isLastChangedBy = (undone: Undone, record: string): Sql => sql`
  exists (
    select 1 from import_changes c
    where c.owner_id = ${undone.ownerId} and c.record_id = ${raw(record)}.id and ${isOfImport(undone, 'c')}
      and c.change = 'updated' and ${isStillWritten(undone, record, sql`c.written_at`)} offset 0
  )`

/**
 * The condition that a record is as the import that added it has left it, which may have changed it by further lines,
 * one after the other.
 *
 * @param record the alias of its row
 */
export function isAsLeft(undone: Undone, record: string): Sql {
  const row = raw(record)
  const isAsAdded = isStillWritten(undone, record, sql`${row}.created_at`)
  if (!mayChange(undone)) return isAsAdded
  const isInterrupted = isInterruptedSince(undone, record, sql`${row}.created_at`)
  return sql`(${isAsAdded} or (${isLastChangedBy(undone, record)} and not ${isInterrupted}))`
}

/**
 * The condition that somebody changed a record between two of the lines with which the import changed it.
 *
 * @param record the alias of its row
 */
export const isInterrupted = (undone: Undone, record: string): Sql =>
  isInterruptedSince(undone, record, sql`null::timestamptz`)

/** @param since what the first line found if nobody had, as an expression; null: whatever it found */
const isInterruptedSince = (undone: Undone, record: string, since: Sql): Sql => sql`
  exists (
    select 1 from (
      select c.seen_at, lag(c.written_at, 1, ${since}) over (order by c.line_number) as written_before
      from import_changes c
      where c.owner_id = ${undone.ownerId} and c.record_id = ${raw(record)}.id and ${isOfImport(undone, 'c')}
        and c.change = 'updated'
    ) as l
    where l.seen_at <> l.written_before
  )`

/** The types in the order in which an import is taken back: what refers to others comes before them. */
export const typesLastFirst: readonly RecordType[] = [...passes]
  .reverse()
  .flatMap(({ types }) => recordTypes.filter((recordType) => types.has(recordType)))
