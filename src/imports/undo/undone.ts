import sql, { raw, type Sql } from 'sql-template-tag'
import { type Client, type Pool, rows } from '../../db/pool.js'
import { recordTypes } from '../../records/index.js'
import type { RecordType } from '../../records/record-type.js'
import { passes } from '../file/passes.js'
import { firstIdAt, STEM_CHARACTERS, STEM_FROM, stemOf } from '../record-id.js'
import type { OnConflict } from '../terms.js'

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
export const mayChange = ({ onConflict }: Undone): boolean => onConflict !== 'reject' && onConflict !== 'skip'

/** The condition that an import added a record, as its id shows. @param recordId an expression: `r.id` */
export const isAddedBy = ({ id }: Undone, recordId: string): Sql =>
  sql`substring(${raw(recordId)}::text from ${raw(String(STEM_FROM))} for ${raw(String(STEM_CHARACTERS))}) = ${stemOf(id)}`

/**
 * The condition that a record is as an import has written it: nobody has changed it since, or later imports have,
 * which were taken back.
 *
 * @param record the alias of its row
 * @param writtenAt its `updated_at` after the import had written it, as an expression
 */
export const isStillWritten = (record: string, writtenAt: Sql): Sql => {
  const row = raw(record)
  return sql`
    (${row}.updated_at = ${writtenAt} or exists (
       select from import_changes l
       where l.owner_id = ${row}.owner_id and l.record_id = ${row}.id and l.undone_at = ${row}.updated_at
         and l.seen_at = ${writtenAt} offset 0
     ))`
}

/** The same of a record that it has added, and that no further line has changed. */
export const isAsAdded = (record: string): Sql => isStillWritten(record, raw(`${record}.created_at`))

/** The types in the order in which an import is taken back: what refers to others comes before them. */
export const typesLastFirst: readonly RecordType[] = [...passes]
  .reverse()
  .flatMap(({ types }) => recordTypes.filter((recordType) => types.has(recordType)))
