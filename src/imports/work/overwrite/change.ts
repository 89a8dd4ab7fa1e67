import sql, { empty, join, raw, type Sql } from 'sql-template-tag'
import { laterThan } from '../../../db/clock.js'
import { rows } from '../../../db/pool.js'
import type { RecordType } from '../../../records/record-type.js'
import type { Writing } from '../add.js'
import {
  compareHeld,
  heldInJournal,
  keepReferences,
  type Pair,
  type Replaced,
  replacedFlag,
  replaceHeld,
} from './held.js'
import { columnList, stagedTable } from './staging.js'

/** How many existing records were changed, and how many were equal already. */
export interface Changed {
  readonly updated: number
  readonly unchanged: number
}

const NOTHING_CHANGED: Changed = { updated: 0, unchanged: 0 }

/**
 * Writes staged records over existing ones, which are locked, and journals each. What is equal stays as it
 * is.
 */
export async function changeRecords(
  writing: Writing,
  recordType: RecordType,
  pairs: readonly Pair[],
): Promise<Changed> {
  if (pairs.length === 0) return NOTHING_CHANGED
  const { client, job, fanOut } = writing
  const { replaced, size } = await compareHeld(client, job, recordType, pairs)
  if (recordType.holds.length > 0) fanOut.sawHeld(pairs.length, size)
  await keepReferences(client, job, recordType, pairs, replaced)
  const changed = await changeRows(writing, recordType, pairs, replaced)
  await replaceHeld(client, job, recordType, pairs, replaced)
  return changed
}

/**
 * The journal does not record what a record held before if that is larger, as it is stored: uncompressed,
 * it could exceed what PostgreSQL takes for a value. It takes a thousand prices in thousands of currencies.
 *
 */
const MAX_HELD_BYTES = 16 * 2 ** 20

/** Changes the rows that differ, and adds to the journal, which sees the rows as they were before. */
async function changeRows(
  { client, job }: Writing,
  recordType: RecordType,
  pairs: readonly Pair[],
  replaced: Replaced,
): Promise<Changed> {
  const table = raw(recordType.table)
  const columns = [...recordType.columns, ...recordType.contentColumns]
  const held = heldInJournal(job, recordType)
  const flags = flagsOf(pairs, replaced)
  const assignments = columns.map(({ name }) => raw(`${name} = n.${name}`))
  const [count] = await rows<Changed>(
    client,
    sql`
      with ${held.with} pairs as materialized (
        select m.new_id, m.id, m.line_number, o.updated_at as seen_at, n.external_ref, c.is_changed,
               d.before, d.after, r.is_recorded,
               case when c.is_changed and r.is_recorded then ${held.before}::jsonb end as held_before,
               case when c.is_changed then ${held.lists}::jsonb end as lists
        from (select * from unnest(${pairs.map(({ newId }) => newId)}::uuid[], ${pairs.map(({ id }) => id)}::uuid[],
                                   ${pairs.map(({ line }) => line)}::bigint[]
                                   ${flags.values})
                              as m(new_id, id, line_number ${flags.names})) as m
        join ${raw(stagedTable(recordType.table))} n on n.id = m.new_id
        cross join lateral (
          select * from ${table} t where t.owner_id = ${job.rowsOwnerId} and t.id = m.id offset 0
        ) as o
        cross join lateral (
          select row(${columnList(columns, 'o.')}) is distinct from row(${columnList(columns, 'n.')})
                 ${flags.any} as is_changed
        ) as c
        cross join lateral (select ${held.size} <= ${MAX_HELD_BYTES} as is_recorded) as r
        left join lateral (
          select jsonb_object_agg(e.key, x.old -> e.key) as before, jsonb_object_agg(e.key, e.value) as after
          from (
            select (select to_jsonb(y) from (select ${columnList(columns, 'o.')}) as y) as old,
                   (select to_jsonb(y) from (select ${columnList(columns, 'n.')}) as y) as new
            where c.is_changed
          ) as x
          cross join jsonb_each(x.new) as e
          where e.value is distinct from x.old -> e.key
        ) as d on true
        ${held.joins}
      ),
      changed as (
        update ${table} t
        set ${join(assignments)},
            updated_at = ${laterThan('t.updated_at')}
        from pairs p join ${raw(stagedTable(recordType.table))} n on n.id = p.new_id
        where t.owner_id = ${job.rowsOwnerId} and t.id = p.id and p.is_changed
        returning t.id, t.updated_at
      ),
      journal as (
        insert into import_changes (owner_id, import_id, line_number, resource, record_id, change,
                                    external_ref, seen_at, written_at, before, after, held_before, lists)
        select ${job.ownerId}::uuid, ${job.id}::uuid, p.line_number, ${recordType.table}::text, p.id,
               case when c.id is null then 'unchanged' when p.is_recorded then 'updated' end, p.external_ref,
               p.seen_at, coalesce(c.updated_at, p.seen_at), p.before, p.after, p.held_before, p.lists
        from pairs p left join changed c on c.id = p.id
        returning change
      )
      select count(*) filter (where change is distinct from 'unchanged') as updated,
             count(*) filter (where change = 'unchanged') as unchanged
      from journal`,
  )
  const found = count ?? NOTHING_CHANGED
  if (found.updated + found.unchanged !== pairs.length) {
    throw new Error(`${pairs.length} ${recordType.table} were to be changed, and not all of them are there`)
  }
  return found
}

/** The flags of replaced lists, as further columns of the relation of pairs `m`, and whether any is set. */
function flagsOf(pairs: readonly Pair[], replaced: Replaced): { values: Sql; names: Sql; any: Sql } {
  const lists = replaced.map((ids, list) => ({
    name: raw(replacedFlag(list)),
    values: pairs.map(({ newId }) => ids.has(newId)),
  }))
  if (lists.length === 0) return { values: empty, names: empty, any: empty }
  return {
    values: sql`, ${join(lists.map(({ values }) => sql`${values}::boolean[]`))}`,
    names: sql`, ${join(lists.map(({ name }) => name))}`,
    any: sql`or ${join(
      lists.map(({ name }) => sql`m.${name}`),
      ' or ',
    )}`,
  }
}
