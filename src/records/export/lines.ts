import sql, { empty, join, raw, type Sql } from 'sql-template-tag'
import { batches } from '../../db/batches.js'
import { type Pool, rows } from '../../db/pool.js'
import { firstSlice, isWhole, SLICE_ROWS, type SliceRow } from '../../db/slices.js'
import { attributesOf } from '../columns.js'
import type { RecordFilter } from '../read/records.js'
import type { Content, RecordType } from '../record-type.js'
import { consistentLines, type Piece, type Reread } from './consistent.js'
import { HeldList } from './held.js'
import { type Naming, namedContents } from './named-content.js'

/** Which records are exported, and how. */
export interface Export {
  readonly recordType: RecordType
  /** The owner of the records, then its organization: whose records they may name. */
  readonly ownerIds: readonly string[]
  readonly filter: RecordFilter | undefined
  /** Whether all that they hold is written inline, as it is held, though it could be named. */
  readonly inline: boolean
}

interface Row extends SliceRow, Readonly<Record<string, unknown>> {
  readonly owner_id: string
  readonly id: string
  readonly updated_at: string
}

/** How many records that hold others are read at a time: what they hold is looked up for all of them. */
const HOLDERS_AT_ONCE = 200

/**
 * An owner's records as lines of an import file (contract 4 and 7), the oldest first, with attributes that no
 * other answer has. Streams in pieces, holding one batch and a part of what it holds. Each batch is read by statements
 * of its own: what changes meanwhile is exported as it is by then, each record as a whole.
 */
export async function* exportLines(pool: Pool, wanted: Export): AsyncGenerator<string, void, undefined> {
  const { recordType } = wanted
  const limit = recordType.holds.length > 0 ? HOLDERS_AT_ONCE : SLICE_ROWS
  const read = (after: Row | undefined) => rows<Row>(pool, batch(wanted, limit, after))
  const reread: Reread = {
    pool,
    recordType,
    ownerId: wanted.ownerIds[0] ?? '',
    read: async (id) => piecesOf(pool, wanted, await rows<Row>(pool, batch(wanted, 1, undefined, id))),
  }
  for await (const found of batches(read, (last) => isWhole(last, limit))) {
    const pieces = piecesOf(pool, wanted, found)
    if (recordType.holds.length > 0) yield* consistentLines(pieces, reread)
    else for await (const { text } of pieces) yield text
  }
}

/** @param only the id of the one record to read */
function batch(
  { recordType, ownerIds, filter }: Export,
  limit: number,
  after: Row | undefined,
  only?: string,
): Sql {
  const { table, columns, contentColumns, holds } = recordType
  const stored = [...columns, ...contentColumns]
  const names = raw(['owner_id', 'id', 'updated_at', ...stored.map(({ name }) => name)].join(', '))
  const page = sql`
    select ${names} from ${raw(table)}
    where owner_id = ${ownerIds[0]} ${after ? sql`and id > ${after.id}` : empty}
      ${only === undefined ? empty : sql`and id = ${only}`} ${filter ? sql`and ${filter.where}` : empty}
    order by id limit ${limit}`
  const counts = holds.map(
    (held) => sql`
      (select count(*) from ${raw(held.table)} where owner_id = ${ownerIds[0]} and holder_id = o.id) as ${raw(countColumn(held.attribute))}`,
  )
  const counted = holds.length === 0 ? page : sql`select o.*, ${join(counts)} from (${page}) as o`
  const sizes = stored.flatMap(({ name, type }) =>
    type === 'text' || type === 'jsonb' ? [`coalesce(pg_column_size(p.${name}), 0)`] : [],
  )
  return sql`${firstSlice(counted, sql`id`, raw(sizes.join(' + ')))} order by id`
}

const countColumn = (attribute: string): string => `count_${attribute}`

async function* piecesOf(
  pool: Pool,
  { recordType, ownerIds, inline }: Export,
  found: readonly Row[],
): AsyncGenerator<Piece, void, undefined> {
  const { type, columns, holds, content } = recordType
  const naming = { recordType, ownerIds, ids: found.map(({ id }) => id) }
  const names = content && !inline ? await namesOf(pool, content, naming) : NOTHING_NAMED
  const holders = found
    .filter(({ id }) => !names.has(id))
    .map((row) => ({
      id: row.id,
      ownerId: row.owner_id,
      named: Object.fromEntries(
        holds.map(({ attribute }) => [attribute, Number(row[countColumn(attribute)])]),
      ),
    }))
  // What a record holds of a content has all to be named with it, or nothing.
  const nameable = content || inline ? undefined : ownerIds
  const lists = holds.map((held) => new HeldList(pool, held, holders, nameable))
  for (const row of found) {
    const named = names.get(row.id)
    const attributes = {
      ...attributesOf(columns, row),
      ...(named ?? (content && { [content.attribute]: contentOf(content, row) })),
    }
    const { id, updated_at: version } = row
    const piece = (text: string, isLast = false): Piece => ({ id, version, text, isLast })
    yield piece(
      `{"data":{"type":${JSON.stringify(type)},"attributes":${JSON.stringify(attributes).slice(0, -1)}`,
    )
    if (!named) {
      for (const list of lists) for await (const text of listOf(list, id)) yield piece(text)
    }
    yield piece('}}}\n', true)
  }
}

const NOTHING_NAMED: ReadonlyMap<string, Readonly<Record<string, string>>> = new Map()

const namesOf = (pool: Pool, content: Content, naming: Omit<Naming, 'content'>) =>
  namedContents(pool, { ...naming, content })

/** The record's own copy of what it refers to, as attributes. */
const contentOf = ({ to }: Content, row: Row): Record<string, unknown> =>
  attributesOf(
    to.columns,
    Object.fromEntries(to.columns.map(({ name }) => [name, row[`${to.noun}_${name}`]])),
  )

/** A list as a further member of the attributes; nothing if it is empty. */
async function* listOf(list: HeldList, holderId: string): AsyncGenerator<string, void, undefined> {
  let separator = `,"${list.attribute}":[`
  for await (const element of list.of(holderId)) {
    yield separator + JSON.stringify(element)
    separator = ','
  }
  if (separator === ',') yield ']'
}
