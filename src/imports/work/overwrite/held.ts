import sql, { empty, join, raw, type Sql } from 'sql-template-tag'
import { returningIfByInsert } from '../../../db/copy/by-insert.js'
import { type Client, rows, settled } from '../../../db/pool.js'
import type { RecordType, Snapshots } from '../../../records/record-type.js'
import type { Job } from '../../queue/claim.js'
import { columnList, stagedTable } from './staging.js'

/** A record in a temporary table, and the one that it is written over. */
export interface Pair {
  readonly newId: string
  readonly id: string
  /** From 1. */
  readonly line: number
  /** Whether the line has what the record refers to the content of inline. */
  readonly isInline: boolean
  /** By the place of the list among the type's `holds`: whether the line says what is in it. */
  readonly gives: readonly boolean[]
}

/** The pairs, as a relation with `new_id` and `id`. */
const relation = (pairs: readonly Pair[]): Sql =>
  sql`unnest(${pairs.map(({ newId }) => newId)}::uuid[], ${pairs.map(({ id }) => id)}::uuid[])`

/** A subquery for what the existing ones of these pairs hold, with each snapshot's place in its list. */
const heldNow = (pairs: readonly Pair[], ownerId: string, { table }: Snapshots): Sql => sql`
  select p.new_id, row_number() over (partition by p.new_id order by s.id) as place, s.*
  from ${relation(pairs)} as p(new_id, record_id)
  cross join lateral (
    select * from ${raw(table)} t where t.owner_id = ${ownerId} and t.holder_id = p.record_id offset 0
  ) as s`

/** A subquery for what is staged, likewise. */
const heldNext = ({ table }: Snapshots): Sql => sql`
  select holder_id as new_id, row_number() over (partition by holder_id order by id) as place, s.*
  from ${raw(stagedTable(table))} s`

/**
 * Of each list, in the order of the type's `holds`: the `newId`s of the records that will hold something
 * else.
 */
export type Replaced = readonly ReadonlySet<string>[]

/**
 * Compares what records hold with what they are to hold: by what each snapshot is a copy of, and by its
 * attributes, in order. Fresh copies of the same are no change.
 *
 * @returns also how many snapshots they hold now
 */
export async function compareHeld(
  client: Client,
  { rowsOwnerId }: Job,
  { holds }: RecordType,
  pairs: readonly Pair[],
): Promise<{ readonly replaced: Replaced; readonly size: number }> {
  const compared = await settled(
    holds.map(async (held, list) => {
      const given = pairs.filter(({ gives }) => gives[list])
      if (given.length === 0) return { different: null, size: 0 }
      const columns = [{ name: 'source_id' }, ...held.to.columns]
      const [found] = await rows<{ different: string[] | null; size: number }>(
        client,
        sql`
          with now as materialized (${heldNow(given, rowsOwnerId, held)}), next as (${heldNext(held)})
          select array_agg(distinct coalesce(now.new_id, next.new_id)) as different,
                 (select count(*) from now) as size
          from now full join next on next.new_id = now.new_id and next.place = now.place
          where (${columnList(columns, 'now.')}) is distinct from (${columnList(columns, 'next.')})`,
      )
      return found ?? { different: null, size: 0 }
    }),
  )
  return {
    replaced: compared.map(({ different }) => new Set(different ?? [])),
    size: compared.reduce((sum, { size }) => sum + size, 0),
  }
}

/**
 * Makes staged records refer to what stays: to the snapshots of a list that is not replaced instead of their
 * fresh copies, and to a content that was inline before and still is.
 */
export async function keepReferences(
  client: Client,
  { rowsOwnerId }: Job,
  { table, content, holds }: RecordType,
  pairs: readonly Pair[],
  replaced: Replaced,
): Promise<void> {
  if (!content) return
  const { selects } = content
  const list = holds.findIndex(({ attribute }) => attribute === selects.attribute)
  const held = holds[list]
  if (!held) return
  const given = pairs.filter(({ gives }) => gives[list])
  const kept = given.filter(({ newId }) => !replaced[list]?.has(newId))
  const inline = given.filter(({ isInline }) => isInline)
  const staged = raw(stagedTable(table))
  // What is there is read first: on a distributed PostgreSQL it is on another node than the temporary tables.
  if (kept.length > 0) {
    const now = await rows<{ new_id: string; place: number; id: string }>(
      client,
      sql`select new_id, place, id from (${heldNow(kept, rowsOwnerId, held)}) as now`,
    )
    await client.query(sql`
      with next as (${heldNext(held)})
      update ${staged} n set ${raw(selects.id)} = now.id
      from next
      join unnest(${now.map(({ new_id }) => new_id)}::uuid[], ${now.map(({ place }) => place)}::bigint[],
                  ${now.map(({ id }) => id)}::uuid[]) as now(new_id, place, id)
        on now.new_id = next.new_id and now.place = next.place
      where n.id = next.new_id and n.${raw(selects.id)} = next.id`)
  }
  if (inline.length > 0) {
    const source = raw(`${content.to.noun}_id`)
    const found = await rows<{ new_id: string; source_id: string }>(
      client,
      sql`
        select p.new_id, o.${source} as source_id
        from ${relation(inline)} as p(new_id, record_id)
        join ${raw(table)} o on o.owner_id = ${rowsOwnerId} and o.id = p.record_id
        where exists (
          select 1 from ${raw(held.table)} s
          where s.owner_id = ${rowsOwnerId} and s.holder_id = p.record_id and s.source_id is null)`,
    )
    await client.query(sql`
      update ${staged} n set ${source} = p.source_id
      from unnest(${found.map(({ new_id }) => new_id)}::uuid[], ${found.map(({ source_id }) => source_id)}::uuid[])
             as p(new_id, source_id)
      where n.id = p.new_id`)
  }
}

/** Replaces what records hold by what is staged, where it is something else. */
export async function replaceHeld(
  client: Client,
  { rowsOwnerId }: Job,
  { holds }: RecordType,
  pairs: readonly Pair[],
  replaced: Replaced,
): Promise<void> {
  await settled(
    holds.map(async ({ table, to }, list) => {
      const changed = pairs.filter(({ newId }) => replaced[list]?.has(newId))
      if (changed.length === 0) return
      const columns = [...['source_id', 'created_at', 'updated_at'].map((name) => ({ name })), ...to.columns]
      await settled([
        client.query(sql`
          delete from ${raw(table)}
          where owner_id = ${rowsOwnerId} and holder_id = any(${changed.map(({ id }) => id)}::uuid[])`),
        client.query(sql`
          insert into ${raw(table)} (owner_id, holder_id, id, ${columnList(columns)})
          select ${rowsOwnerId}::uuid, p.record_id, s.id, ${columnList(columns, 's.')}
          from ${relation(changed)} as p(new_id, record_id)
          join ${raw(stagedTable(table))} s on s.holder_id = p.new_id
          ${returningIfByInsert(client)}`),
      ])
    }),
  )
}

/** How a list names a snapshot: by its `external_ref`, else by its original, else by its name. */
const REFERENCE =
  "coalesce(to_jsonb(s.external_ref), to_jsonb(s.source_id), jsonb_build_object('name', s.name))"

/** The name of a list's flag in the relation of all pairs: whether it is replaced. */
export const replacedFlag = (list: number): string => `replaced_${list}`

interface HeldInJournal {
  readonly with: Sql
  readonly joins: Sql
  readonly before: Sql
  readonly lists: Sql
  /** How large what is replaced is, in bytes. */
  readonly size: Sql
}

/** What one list adds to these. */
interface JournalPart {
  readonly with: Sql
  readonly join: Sql
  readonly before: Sql
  readonly size: Sql
  readonly lists: Sql
}

/** The stored size of a snapshot without what is small: nothing is decompressed to add it up. */
const sizeOf = ({ columns }: RecordType): Sql =>
  raw(
    columns
      .filter(({ type }) => type === 'jsonb')
      .map(({ name }) => `coalesce(pg_column_size(s.${name}), 0)`)
      .concat('0')
      .join(' + '),
  )

/**
 * What the journal says about replaced lists, as expressions about a pair `m` and the record's row `o` and
 * staged row `n`, and the relations that these need.
 *
 */
export function heldInJournal({ rowsOwnerId }: Job, { holds, content }: RecordType): HeldInJournal {
  if (holds.length === 0) {
    return { with: empty, joins: empty, before: sql`null`, lists: sql`null`, size: sql`0` }
  }
  const nextRefs = (list: number) => raw(`next_${list}`)
  const parts = holds.map(({ attribute, table, to }, list): JournalPart => {
    const now = (value: string) => sql`
      (select coalesce(jsonb_agg(${raw(value)} order by s.id), '[]') from ${raw(table)} s
       where s.owner_id = ${rowsOwnerId} and s.holder_id = m.id)`
    const when = (key: string, value: Sql) =>
      sql`
        case when m.${raw(replacedFlag(list))} then jsonb_build_object(${key}::text, ${value}) else '{}' end`
    return {
      with: sql`
        ${nextRefs(list)} as materialized (
          select holder_id, jsonb_agg(${raw(REFERENCE)} order by s.id) as refs
          from ${raw(stagedTable(table))} s group by holder_id
        )`,
      join: sql`left join ${nextRefs(list)} on ${nextRefs(list)}.holder_id = m.new_id`,
      before: when(table, now('to_jsonb(s)')),
      size: sql`
        case when m.${raw(replacedFlag(list))} then (
          select coalesce(sum(${sizeOf(to)}), 0) from ${raw(table)} s
          where s.owner_id = ${rowsOwnerId} and s.holder_id = m.id
        ) else 0 end`,
      lists: when(
        attribute,
        sql`jsonb_build_array(${now(REFERENCE)}, coalesce(${nextRefs(list)}.refs, '[]'))`,
      ),
    }
  })
  const selected = content ? selectedInJournal(rowsOwnerId, holds, content) : []
  const all = [...parts, ...selected]
  return {
    with: sql`${join(all.map((part) => part.with))},`,
    joins: join(
      all.map((part) => part.join),
      ' ',
    ),
    before: sql`nullif(${join(
      parts.map((part) => part.before),
      ' || ',
    )}, '{}')`,
    size: join(
      parts.map((part) => part.size),
      ' + ',
    ),
    lists: sql`nullif(${join(
      all.map((part) => part.lists),
      ' || ',
    )}, '{}')`,
  }
}

/** What was selected before and afterwards, where that is another snapshot. */
function selectedInJournal(
  ownerId: string,
  holds: readonly Snapshots[],
  { selects }: NonNullable<RecordType['content']>,
): readonly Pick<JournalPart, 'with' | 'join' | 'lists'>[] {
  const held = holds.find(({ attribute }) => attribute === selects.attribute)
  if (!held) return []
  const id = raw(selects.id)
  const now = (row: string) => sql`
    (select ${raw(REFERENCE)} from ${raw(held.table)} s
     where s.owner_id = ${ownerId} and s.holder_id = m.id and s.id = ${raw(row)}.${id})`
  const lists = sql`
    case when o.${id} is distinct from n.${id}
      then jsonb_build_object(
        ${selects.ref}::text, jsonb_build_array(${now('o')}, coalesce(${now('n')}, selected_next.ref)))
      else '{}' end`
  return [
    {
      with: sql`
        selected_next as materialized (
          select distinct on (s.id) s.id, ${raw(REFERENCE)} as ref from ${raw(stagedTable(held.table))} s
        )`,
      join: sql`left join selected_next on selected_next.id = n.${id}`,
      lists,
    },
  ]
}
