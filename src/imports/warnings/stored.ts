import sql from 'sql-template-tag'
import { v5 as uuidv5 } from 'uuid'
import { type Client, type Pool, rows } from '../../db/pool.js'
import type { Import } from '../import.js'
import type { Job } from '../queue/claim.js'
import type { WarningCode } from '../terms.js'
import type { Warnings } from './file-warnings.js'
import { type CountedWarning, inOrder, type WarningKind } from './warning.js'

/** A warning of an import, as it is listed. */
export interface ImportWarning extends CountedWarning {
  readonly id: string
}

/** Adds the warnings of a chunk. Locks them, so only when the chunk's turn has come. */
export async function countWarnings(
  client: Client,
  { id, ownerId }: Job,
  { kinds }: Warnings,
): Promise<void> {
  if (kinds.length === 0) return
  const column = <Value>(of: (warning: CountedWarning) => Value) => kinds.map(of)
  await client.query(sql`
    insert into import_warnings as w (owner_id, import_id, code, type, field, lines, first_line_number)
    select ${ownerId}::uuid, ${id}::uuid, n.*
    from unnest(${column(({ code }) => code)}::text[], ${column(({ type }) => type)}::text[],
                ${column(({ field }) => field)}::text[], ${column(({ lines }) => lines)}::bigint[],
                ${column(({ first }) => first)}::bigint[]) as n
    on conflict (owner_id, import_id, code, type, field) do update
    set lines = w.lines + excluded.lines, first_line_number = least(w.first_line_number, excluded.first_line_number)`)
}

interface WarningRow {
  readonly code: WarningCode
  readonly type: string
  readonly field: string
  readonly lines: number
  readonly first: number
}

/** The warnings of an import: that of the file, if it has one, then those that most lines have. */
export async function listWarnings(
  pool: Pool,
  { id, ownerId, sameFileAs }: Pick<Import, 'id' | 'ownerId' | 'sameFileAs'>,
): Promise<ImportWarning[]> {
  const found = await rows<WarningRow>(
    pool,
    sql`
      select code, type, field, lines, first_line_number as first
      from import_warnings where owner_id = ${ownerId} and import_id = ${id}`,
  )
  const sameFile = { code: 'same_file', type: '', field: '', lines: 0, first: 0 } as const
  return [...(sameFileAs === undefined ? [] : [sameFile]), ...inOrder(found)].map((warning) => ({
    ...warning,
    id: uuidv5(`${warning.code}\0${warning.type}\0${warning.field}`, id),
  }))
}

/** The attributes that were named so far, in no order. */
export async function namedAttributes(
  pool: Pool,
  { id, ownerId }: Job,
): Promise<readonly Pick<WarningKind, 'type' | 'field'>[]> {
  return await rows<WarningRow>(
    pool,
    sql`
      select type, field from import_warnings
      where owner_id = ${ownerId} and import_id = ${id} and code = 'unknown_attribute'`,
  )
}
