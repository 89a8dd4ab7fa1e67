import sql, { empty, raw } from 'sql-template-tag'
import { type Client, rows, settled } from '../../db/pool.js'
import { addToTotals } from '../../db/totals.js'
import type { RecordType } from '../../records/record-type.js'
import { deleteSnapshots } from '../../records/write/insert-snapshots.js'
import type { FanOut } from '../fan-out.js'
import { lineOfRecord } from '../record-id.js'
import { cutChunk, recordsAtOnce, sizeOf, type TakenBack } from './chunk.js'
import { type Holder, type Holders, heldByStores, holderOf, holdersOf, type MayBeHeld } from './holders.js'
import { insertKept } from './kept.js'
import { isAddedBy, isAsLeft, type Undone } from './undone.js'

const NOTHING = Promise.resolve()

/**
 * Removes the next records of a type that an import added, the last one first, except those that were changed since
 * or that others hold.
 *
 * @param before the id of the last record that was looked at
 * @returns undefined: there are no further ones
 */
export async function removeAdded(
  client: Client,
  undone: Undone,
  recordType: RecordType,
  before: string | undefined,
  fanOut: FanOut,
): Promise<TakenBack | undefined> {
  const locked = await lockNext(client, undone, recordType, before, fanOut)
  const last = locked.at(-1)?.id
  if (last === undefined) return undefined
  const holders = await holdersOf(client, undone.ownerId)
  const byStores = await heldByStores(client, recordType, holders, locked)
  const ids = locked.map(({ id }) => id)
  const mayGo = byStores.size > 0 ? ids.filter((id) => !byStores.has(id)) : ids
  const removed = await removeFree(client, undone, recordType, mayGo, holders)
  const gone = new Set(removed)
  const kept = ids.filter((id) => !gone.has(id))
  await settled([
    kept.length > 0 ? noteKept(client, undone, recordType, kept, holders, byStores) : NOTHING,
    removed.length > 0 ? removeHeld(client, undone, recordType, removed) : NOTHING,
    addToTotals(client, undone.ownerId, new Map([[recordType.table, -removed.length]])),
  ])
  return { last, removed: removed.length, restored: 0, kept: kept.length }
}

/**
 * Locks them, so that whoever changes one or copies it at this moment has ended before anything is decided.
 *
 * @returns them, the last one first
 */
async function lockNext(
  client: Client,
  undone: Undone,
  recordType: RecordType,
  before: string | undefined,
  fanOut: FanOut,
): Promise<readonly MayBeHeld[]> {
  const { ownerId, range } = undone
  if (!range) return []
  const found = await rows<MayBeHeld & { readonly size: number }>(
    client,
    sql`
      select r.id, r.external_ref, ${sizeOf(recordType, ownerId, 'r.id')} as size from ${raw(recordType.table)} r
      where r.owner_id = ${ownerId} and r.id > ${range.after} and r.id < ${before ?? range.before}
        and ${isAddedBy(undone, 'r.id')}
      order by r.id desc limit ${recordsAtOnce(recordType, fanOut)}
      for update of r`,
  )
  // A record whose change was waited for may come late.
  const inOrder = found.sort((a, b) => (a.id < b.id ? 1 : -1))
  return cutChunk(recordType, inOrder, fanOut)
}

async function removeFree(
  client: Client,
  undone: Undone,
  recordType: RecordType,
  ids: readonly string[],
  holders: Holders,
): Promise<string[]> {
  const holder = holderOf(recordType, holders, 'r')
  const removed = await rows<{ id: string }>(
    client,
    sql`
      delete from ${raw(recordType.table)} r
      where r.owner_id = ${undone.ownerId} and r.id = any(${ids}::uuid[]) and ${isAsLeft(undone, 'r')}
        ${holder ? sql`and not exists ${holder}` : empty}
      returning r.id`,
  )
  return removed.map(({ id }) => id)
}

async function noteKept(
  client: Client,
  undone: Undone,
  recordType: RecordType,
  ids: readonly string[],
  holders: Holders,
  byStores: ReadonlyMap<string, Holder>,
): Promise<void> {
  const lines = ids.map((id) => lineOfRecord(undone.id, id) ?? 0)
  const stores = ids.map((id) => byStores.get(id))
  const own = holderOf(recordType, holders, 'r') ?? sql`(select null::text as type, null::uuid as id)`
  await insertKept(
    client,
    undone,
    recordType.table,
    sql`
      select k.line_number, r.id as record_id, r.external_ref,
             case when w.is_as_left then 'held' else 'changed' end as reason,
             case when w.is_as_left then coalesce(h.type, k.type) end as holder_type,
             case when w.is_as_left then coalesce(h.id, k.holder_id) end as holder_id,
             case when w.is_as_left then h.id is not null end as is_own
      from (
        select * from unnest(${ids}::uuid[], ${lines}::bigint[], ${stores.map((one) => one?.type)}::text[],
                             ${stores.map((one) => one?.id)}::uuid[]) as k(id, line_number, type, holder_id)
      ) as k
      cross join lateral (
        select * from ${raw(recordType.table)} t where t.owner_id = ${undone.ownerId} and t.id = k.id offset 0
      ) as r
      cross join lateral (select ${isAsLeft(undone, 'r')} as is_as_left offset 0) as w
      left join lateral ${own} as h on w.is_as_left`,
  )
}

/** What belongs to records that were removed. */
async function removeHeld(
  client: Client,
  { ownerId }: Undone,
  recordType: RecordType,
  ids: readonly string[],
): Promise<void> {
  const { states } = recordType
  await settled([
    deleteSnapshots(client, recordType, ownerId, ids),
    states
      ? client.query(
          sql`delete from ${raw(states.table)} where owner_id = ${ownerId} and holder_id = any(${ids}::uuid[])`,
        )
      : NOTHING,
  ])
}
