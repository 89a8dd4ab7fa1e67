import sql, { raw } from 'sql-template-tag'
import { listPage } from '../../db/list.js'
import { type Pool, rows } from '../../db/pool.js'
import type { States } from '../record-type.js'
import type { Range, StoredRecord } from './records.js'

/** Something that was done to a record. */
export interface StoredState {
  readonly id: string
  readonly action: string
  readonly created_at: string
}

type Holder = Pick<StoredRecord, 'id' | 'ownerId'>

/** A page of what was done to a record, oldest first. */
export async function listStates(
  pool: Pool,
  { table }: States,
  { id, ownerId }: Holder,
  { offset, limit }: Range,
): Promise<{ readonly total: number; readonly found: readonly StoredState[] }> {
  const where = sql`from ${raw(table)} where owner_id = ${ownerId} and holder_id = ${id}`
  return await listPage<StoredState>(pool, {
    total: sql`select count(*) ${where}`,
    page: sql`select id, action, created_at ${where} order by created_at, id limit ${limit} offset ${offset}`,
    // Ids of one millisecond are in no order.
    order: sql`r.created_at, r.id`,
  })
}

/** One of the things that were done to a record. */
export async function findState(
  pool: Pool,
  { table }: States,
  { id, ownerId }: Holder,
  stateId: string,
): Promise<StoredState | undefined> {
  const [found] = await rows<StoredState>(
    pool,
    sql`
      select id, action, created_at from ${raw(table)}
      where owner_id = ${ownerId} and holder_id = ${id} and id = ${stateId}`,
  )
  return found
}
