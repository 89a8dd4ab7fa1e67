import sql, { empty, join, type Sql } from 'sql-template-tag'
import { listPage } from '../db/list.js'
import { type Pool, rows } from '../db/pool.js'
import { totalQuery } from '../db/totals.js'
import { type Import, type ImportRow, importColumns, toImport } from './import.js'

/** One import, not an undo; undefined if these owners do not have it. */
export async function findImport(
  pool: Pool,
  ownerIds: readonly string[],
  id: string,
): Promise<Import | undefined> {
  const [row] = await rows<ImportRow>(
    pool,
    sql`select ${importColumns} from imports where id = ${id} and owner_id = any(${ownerIds}::uuid[]) and undo_of is null`,
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
      (select id, created_at from imports where owner_id = ${ownerId} and undo_of is null ${condition}
       order by created_at desc, id desc limit ${offset + limit})`,
  )
  const { total, found } = await listPage<ImportRow>(pool, {
    total: filter
      ? sql`select count(*) from imports where owner_id = any(${ownerIds}::uuid[]) and undo_of is null ${condition}`
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
