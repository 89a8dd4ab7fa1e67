import sql, { raw, type Sql } from 'sql-template-tag'
import { laterThan } from '../../db/clock.js'
import { type Client, rows, settled } from '../../db/pool.js'
import type { RecordType, Snapshots } from '../../records/record-type.js'
import { SNAPSHOT_COLUMNS } from '../../records/snapshot.js'
import type { FanOut } from '../fan-out.js'
import { cutChunk, recordsAtOnce, sizeOf, type TakenBack } from './chunk.js'
import { insertKept } from './kept.js'
import { isAddedBy, isInterrupted, isOfImport, isStillWritten, type Undone } from './undone.js'

/** A chunk ends before a record comes up more often than this: each of its lines is taken back on its own. */
const MAX_ROUNDS = 20

/** A line that changed a record, or did something to it that was not recorded. */
interface ChangedLine {
  readonly line: number
  readonly id: string
  /** How many snapshots it holds, if they have to be replaced. */
  readonly size: number
}

/**
 * Gives the records of a type that an import changed the values back that they had before, and what they held then,
 * under the same ids; the last line first. Except those that were changed since, or between two of its lines. Not those
 * that it had added: they are removed as they are, or stay so.
 *
 * @param before the last line that was looked at
 * @returns undefined: there are no further ones
 */
export async function restoreChanged(
  client: Client,
  undone: Undone,
  recordType: RecordType,
  before: string | undefined,
  fanOut: FanOut,
): Promise<TakenBack | undefined> {
  const lines = await nextLines(client, undone, recordType, before, fanOut)
  const rounds = roundsOf(lines)
  const taken = rounds.flat()
  const last = taken.reduce((least, { line }) => Math.min(least, line), Number.POSITIVE_INFINITY)
  if (taken.length === 0) return undefined
  await lock(client, undone, recordType, taken)
  let restored = 0
  let kept = 0
  for (const round of rounds) {
    const done = await restoreRound(client, undone, recordType, round)
    restored += done.restored
    kept += done.kept
  }
  return { last: String(last), removed: 0, restored, kept }
}

async function nextLines(
  client: Client,
  undone: Undone,
  recordType: RecordType,
  before: string | undefined,
  fanOut: FanOut,
): Promise<readonly ChangedLine[]> {
  const { id, ownerId } = undone
  const found = await rows<ChangedLine>(
    client,
    sql`
      select c.line_number as line, c.record_id as id,
             case when c.held_before is null then 0 else ${sizeOf(recordType, ownerId, 'c.record_id')} end as size
      from import_changes c
      where c.owner_id = ${ownerId} and c.import_id = ${id} and c.resource = ${recordType.table}
        and c.line_number < ${before ?? Number.MAX_SAFE_INTEGER} and (c.change = 'updated' or c.change is null)
        and not ${isAddedBy(undone, 'c.record_id')}
      order by c.line_number desc limit ${recordsAtOnce(recordType, fanOut)}`,
  )
  return cutChunk(recordType, found, fanOut)
}

/** Divides lines into rounds, in each of which a record comes up once. What follows one too many is left out. */
function roundsOf(lines: readonly ChangedLine[]): ChangedLine[][] {
  const rounds: ChangedLine[][] = []
  const seen = new Map<string, number>()
  for (const line of lines) {
    const round = seen.get(line.id) ?? 0
    if (round === MAX_ROUNDS) break
    seen.set(line.id, round + 1)
    const same = rounds[round] ?? []
    same.push(line)
    rounds[round] = same
  }
  return rounds
}

async function lock(
  client: Client,
  { ownerId }: Undone,
  { table }: RecordType,
  lines: readonly ChangedLine[],
): Promise<void> {
  const ids = [...new Set(lines.map(({ id }) => id))]
  await client.query(sql`
    select from ${raw(table)} where owner_id = ${ownerId} and id = any(${ids}::uuid[]) order by id for update`)
}

async function restoreRound(
  client: Client,
  undone: Undone,
  recordType: RecordType,
  round: readonly ChangedLine[],
): Promise<{ readonly restored: number; readonly kept: number }> {
  const restored = await restoreRows(client, undone, recordType, round)
  const lines = new Set(restored.map(({ line }) => line))
  const left = round.flatMap(({ line }) => (lines.has(line) ? [] : [line]))
  await settled([
    noteRestored(client, undone, recordType, [...lines]),
    ...recordType.holds.map((held) => restoreHeld(client, undone, held, [...lines])),
  ])
  return {
    restored: restored.filter(({ is_continued }) => !is_continued).length,
    kept: left.length > 0 ? await noteKept(client, undone, recordType, left) : 0,
  }
}

interface RestoredRow {
  readonly line: number
  readonly id: string
  /** Whether a later line changed it too, and that was taken back before: a record counts once. */
  readonly is_continued: boolean
}

/** The rows are locked, so each stays where it is until it is written; its place is found without any planning. */
async function restoreRows(
  client: Client,
  undone: Undone,
  { table, columns, contentColumns }: RecordType,
  round: readonly ChangedLine[],
): Promise<RestoredRow[]> {
  const { id, ownerId } = undone
  const names = [...columns, ...contentColumns].map(({ name }) => name)
  return await rows<RestoredRow>(
    client,
    sql`
      with journal as materialized (
        select c.line_number, c.before, t.place, d.is_continued
        from import_changes c
        cross join lateral (
          select r.owner_id, r.id, r.updated_at, r.ctid as place from ${raw(table)} r
          where r.owner_id = ${ownerId} and r.id = c.record_id offset 0
        ) as t
        cross join lateral (
          select exists (
            select 1 from import_changes l
            where l.owner_id = ${ownerId} and l.record_id = c.record_id and l.line_number > c.line_number
              and ${isOfImport(undone, 'l')} and l.undone_at is not null offset 0
          ) as is_continued
        ) as d
        where c.owner_id = ${ownerId} and c.import_id = ${id} and c.change = 'updated'
          and c.line_number = any(${round.map(({ line }) => line)}::bigint[])
          and ${isStillWritten(undone, 't', sql`c.written_at`)} and (d.is_continued or not ${isInterrupted(undone, 't')})
      ),
      restored as (
        update ${raw(table)} t
        set (${raw(names.join(', '))}) = (
              select ${raw(names.map((name) => `o.${name}`).join(', '))} from jsonb_populate_record(t, coalesce(j.before, '{}')) as o
            ),
            updated_at = ${laterThan('t.updated_at')}
        from journal j
        where t.owner_id = ${ownerId} and t.ctid = j.place
        returning t.id, j.line_number, j.is_continued
      )
      select line_number as line, id, is_continued from restored`,
  )
}

/**
 * Notes in the journal at which time the records of these lines were put back. What a line had found may have been the
 * work of another undo: then they are back to what the line taken back by that one had found.
 */
async function noteRestored(
  client: Client,
  { id, ownerId }: Undone,
  { table }: RecordType,
  lines: readonly number[],
): Promise<void> {
  await client.query(sql`
    update import_changes c
    set undone_at = (select t.updated_at from ${raw(table)} t where t.owner_id = ${ownerId} and t.id = c.record_id),
        seen_at = coalesce((
          select l.seen_at from import_changes l
          where l.owner_id = ${ownerId} and l.record_id = c.record_id and l.undone_at = c.seen_at limit 1
        ), c.seen_at)
    where c.owner_id = ${ownerId} and c.import_id = ${id} and c.line_number = any(${lines}::bigint[])`)
}

/** Puts back what records held before these lines, where they have replaced it. */
async function restoreHeld(
  client: Client,
  { id, ownerId }: Undone,
  { table, to }: Snapshots,
  lines: readonly number[],
): Promise<void> {
  const names = [...SNAPSHOT_COLUMNS, ...to.columns].map(({ name }) => name)
  const replaced = sql`
    c.owner_id = ${ownerId} and c.import_id = ${id} and c.line_number = any(${lines}::bigint[])
    and c.held_before -> ${table}::text is not null`
  await settled([
    client.query(sql`
      delete from ${raw(table)}
      where owner_id = ${ownerId} and holder_id = any(array(select c.record_id from import_changes c where ${replaced}))`),
    client.query(sql`
      insert into ${raw(table)} (${raw(names.join(', '))})
      select ${raw(names.map((name) => `s.${name}`).join(', '))}
      from import_changes c cross join lateral jsonb_populate_recordset(null::${raw(table)}, c.held_before -> ${table}::text) as s
      where ${replaced}`),
  ])
}

/** @returns how many are noted: a record once. */
async function noteKept(
  client: Client,
  undone: Undone,
  { table }: RecordType,
  lines: readonly number[],
): Promise<number> {
  const { id, ownerId } = undone
  const isNoted: Sql = sql`
    exists (
      select 1 from import_changes l
      where l.owner_id = ${ownerId} and l.record_id = c.record_id and l.line_number > c.line_number
        and ${isOfImport(undone, 'l')} and l.change is distinct from 'unchanged' and l.undone_at is null offset 0
    )`
  return await insertKept(
    client,
    undone,
    table,
    sql`
      select c.line_number, c.record_id, coalesce(t.external_ref, c.external_ref) as external_ref,
             case when t.id is null then 'deleted' when c.change is null then 'not_recorded' else 'changed' end as reason,
             null::text as holder_type, null::uuid as holder_id, null::boolean as is_own
      from import_changes c
      left join lateral (
        select * from ${raw(table)} r where r.owner_id = ${ownerId} and r.id = c.record_id offset 0
      ) as t on true
      where c.owner_id = ${ownerId} and c.import_id = ${id} and c.line_number = any(${lines}::bigint[])
        and not ${isNoted}`,
  )
}
