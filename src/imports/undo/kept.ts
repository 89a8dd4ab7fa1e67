import sql, { raw, type Sql } from 'sql-template-tag'
import { batches } from '../../db/batches.js'
import { type Client, type Pool, rows } from '../../db/pool.js'
import { firstSlice, isWhole, SLICE_ROWS, type SliceRow } from '../../db/slices.js'
import { recordTypeOf, recordTypes } from '../../records/index.js'
import type { Import } from '../import.js'
import type { KeptReason } from '../terms.js'
import type { Undone } from './undone.js'

/** A record that an undo has left as it is. */
export interface Kept {
  /** The line of the import that added or changed it. */
  readonly line: number
  readonly type: string
  readonly id: string
  readonly externalRef: string | undefined
  readonly reason: KeptReason
  /** The same for people. */
  readonly detail: string
}

/**
 * Notes records that an undo leaves.
 *
 * @param kept a query for line_number, record_id, external_ref, reason, and holder_type, holder_id and is_own of
 *   what holds it
 * @returns how many
 */
export async function insertKept(
  client: Client,
  { id, ownerId }: Undone,
  table: string,
  kept: Sql,
): Promise<number> {
  const { rowCount } = await client.query(sql`
    insert into import_kept (owner_id, import_id, line_number, resource, record_id, external_ref, reason,
                             holder_type, holder_id, is_own)
    select ${ownerId}::uuid, ${id}::uuid, k.line_number, ${table}, k.record_id, k.external_ref, k.reason,
           k.holder_type, k.holder_id, k.is_own
    from (${kept}) as k`)
  return rowCount ?? 0
}

interface KeptRow extends SliceRow {
  readonly line_number: number
  readonly resource: string
  readonly record_id: string
  readonly external_ref: string | null
  readonly reason: KeptReason
  readonly holder_type: string | null
  readonly holder_id: string | null
  readonly is_own: boolean | null
}

/** What the undo of an import has left so far, by line. Streams, holding one batch. */
export async function* keptRecords(
  pool: Pool,
  { id, ownerId }: Import,
): AsyncGenerator<readonly Kept[], void, undefined> {
  const read = (after: KeptRow | undefined) => {
    const page = sql`
      select line_number, resource, record_id, external_ref, reason, holder_type, holder_id, is_own
      from import_kept
      where owner_id = ${ownerId} and import_id = ${id} and line_number > ${after?.line_number ?? 0}
      order by line_number limit ${SLICE_ROWS}`
    const slice = firstSlice(page, sql`line_number`, raw('coalesce(pg_column_size(p.external_ref), 0)'))
    return rows<KeptRow>(pool, sql`${slice} order by line_number`)
  }
  for await (const found of batches(read, (batch) => isWhole(batch, SLICE_ROWS))) yield found.map(toKept)
}

function toKept(row: KeptRow): Kept {
  const recordType = recordTypes.find(({ table }) => table === row.resource)
  return {
    line: row.line_number,
    type: recordType?.type ?? row.resource,
    id: row.record_id,
    externalRef: row.external_ref ?? undefined,
    reason: row.reason,
    detail: sentenceOf(row, recordType?.noun ?? 'record'),
  }
}

function sentenceOf({ reason, holder_type, holder_id, is_own }: KeptRow, noun: string): string {
  switch (reason) {
    case 'changed':
      return `The ${noun} was changed after this import.`
    case 'deleted':
      return `The ${noun} was deleted after this import had changed it.`
    case 'not_recorded':
      return `What this ${noun} was before is not known: the import is from before an upgrade.`
    case 'held': {
      const holder = recordTypeOf(holder_type ?? '')?.noun ?? 'record'
      // A store's own records are not the organization's business.
      return is_own ? `The ${holder} ${holder_id} holds it.` : `A store's ${holder} holds it.`
    }
  }
}
