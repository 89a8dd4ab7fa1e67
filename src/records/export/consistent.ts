import sql, { raw } from 'sql-template-tag'
import { type Pool, rows } from '../../db/pool.js'
import type { RecordType } from '../record-type.js'

/** A part of a record's line. */
export interface Piece {
  readonly id: string
  /** The record's `updated_at` when its row was read. */
  readonly version: string
  readonly text: string
  /** Whether it ends the line. */
  readonly isLast: boolean
}

interface Line {
  readonly id: string
  readonly version: string
  text: string
}

/** How many characters are held back until it is known that they belong together. */
const HELD_BACK = 2 ** 20

/** How often a record is read that has changed each time. */
const READS = 10

/** How the records are found again. */
export interface Reread {
  readonly pool: Pool
  readonly recordType: RecordType
  readonly ownerId: string
  /** Reads one record; no pieces: it is gone, or no longer wanted. */
  read(id: string): Promise<AsyncIterable<Piece>>
}

/**
 * Lines of which the rows, and what the records hold, were read by several statements. A record counts as changed with
 * what it holds: one that has changed meanwhile is read again, so that no line mixes what it was with what it is. Only
 * what is longer than what is held back is sent on as it comes.
 */
export async function* consistentLines(
  pieces: AsyncIterable<Piece>,
  reread: Reread,
  reads = 1,
): AsyncGenerator<string, void, undefined> {
  let lines: Line[] = []
  let size = 0
  let isSending = false
  for await (const { id, version, text, isLast } of pieces) {
    if (isSending) {
      yield text
      isSending = !isLast
      continue
    }
    const last = lines.at(-1)
    if (last?.id === id) last.text += text
    else lines.push({ id, version, text })
    size += text.length
    if (size < HELD_BACK) continue
    const unfinished = isLast ? undefined : lines.pop()
    yield* settle(lines, reread, reads)
    lines = []
    size = unfinished?.text.length ?? 0
    if (unfinished && size < HELD_BACK) lines.push(unfinished)
    else if (unfinished) {
      yield unfinished.text
      isSending = true
    }
  }
  yield* settle(lines, reread, reads)
}

async function* settle(
  lines: readonly Line[],
  reread: Reread,
  reads: number,
): AsyncGenerator<string, void, undefined> {
  if (lines.length === 0) return
  const unchanged = reads < READS ? await stillAsRead(lines, reread) : undefined
  for (const { id, text } of lines) {
    if (!unchanged || unchanged.has(id)) yield text
    else yield* consistentLines(await reread.read(id), reread, reads + 1)
  }
}

/** The ids of those whose rows are still what was read. */
async function stillAsRead(
  lines: readonly Line[],
  { pool, recordType, ownerId }: Reread,
): Promise<ReadonlySet<string>> {
  const found = await rows<{ id: string }>(
    pool,
    sql`
      select r.id
      from unnest(${lines.map(({ id }) => id)}::uuid[], ${lines.map(({ version }) => version)}::timestamptz[]) as r(id, version)
      cross join lateral (
        select t.updated_at from ${raw(recordType.table)} t where t.owner_id = ${ownerId} and t.id = r.id offset 0
      ) as t
      where t.updated_at = r.version`,
  )
  return new Set(found.map(({ id }) => id))
}
