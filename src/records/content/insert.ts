import sql, { raw } from 'sql-template-tag'
import type { CopyLoan } from '../../db/copy/buffers.js'
import { returningIfByInsert } from '../../db/copy/by-insert.js'
import { CopyRows } from '../../db/copy/copy.js'
import { type Client, settled } from '../../db/pool.js'
import { uuidArray } from '../../db/uuid-array.js'
import type { Content, RecordType, Snapshots } from '../record-type.js'
import { SNAPSHOT_COLUMNS } from '../snapshot.js'
import type { ResolvedContent, VersionedSource } from './resolve.js'
import { firstOf, type SnapshotIds } from './snapshot-ids.js'

/** What is copied was changed at the same time. Nothing of it may be committed. */
export class ContentChanged extends Error {
  override name = 'ContentChanged'
  constructor() {
    super('What is copied was changed at the same time.')
  }
}

/** A record that was just added, and what it holds copies of. */
export interface ContentHolder {
  readonly id: string
  readonly content: ResolvedContent
  readonly ids: SnapshotIds
}

/** How many snapshots a statement writes at a time, about; one record may need some thousand. */
const SLICE = 20_000

/**
 * Writes the snapshots of records that were just added at the same moment: of what they name, as it is now, and
 * of what they have inline.
 *
 * @param loan whose buffers are used on the way
 * @throws ContentChanged if something is no longer what it was when it was resolved
 */
export async function insertContents(
  client: Client,
  content: Content,
  ownerId: string,
  milliseconds: number,
  holders: readonly ContentHolder[],
  loan?: CopyLoan,
): Promise<void> {
  for (const slice of slices(holders)) {
    const named = bySourceOwner(slice)
    await settled(
      content.holds.flatMap((held, place) => {
        const list = { content, held, list: place, ownerId, milliseconds }
        return [
          ...named.map((one) => insertNamed(client, list, one)),
          insertInline(client, list, slice, loan),
        ]
      }),
    )
  }
  await checkUnchanged(client, content, holders)
}

/** Each statement sees what was committed before it, so the copies are of one state if the last one sees the same. */
async function checkUnchanged(
  client: Client,
  { to }: Content,
  holders: readonly ContentHolder[],
): Promise<void> {
  const sources = new Map<string, VersionedSource>()
  for (const { content } of holders) {
    const { from } = content
    if (!('version' in from)) continue
    // Two statements may have asked about it.
    if ((sources.get(from.id)?.version ?? from.version) !== from.version) throw new ContentChanged()
    sources.set(from.id, from)
  }
  if (sources.size === 0) return
  const all = [...sources.values()]
  const ownerIds = new Set(all.map(({ owner_id }) => owner_id))
  const counts = await settled(
    [...ownerIds].map(async (ownerId) => {
      const own = all.filter(({ owner_id }) => owner_id === ownerId)
      const { rowCount } = await client.query(sql`
        select from unnest(${own.map(({ id }) => id)}::uuid[], ${own.map(({ version }) => version)}::timestamptz[])
                      as r(id, version)
        cross join lateral (
          select o.updated_at from ${raw(to.table)} o where o.owner_id = ${ownerId} and o.id = r.id offset 0
        ) as o
        where o.updated_at = r.version`)
      return rowCount ?? 0
    }),
  )
  if (counts.reduce((sum, count) => sum + count, 0) !== all.length) throw new ContentChanged()
}

function* slices(holders: readonly ContentHolder[]): Generator<readonly ContentHolder[], void, undefined> {
  let slice: ContentHolder[] = []
  let size = 0
  for (const holder of holders) {
    slice.push(holder)
    size += holder.content.size
    if (size < SLICE) continue
    yield slice
    slice = []
    size = 0
  }
  if (slice.length > 0) yield slice
}

/** One of the lists, and what its snapshots share. */
interface List {
  readonly content: Content
  readonly held: Snapshots
  /** Its place among the lists. */
  readonly list: number
  readonly ownerId: string
  readonly milliseconds: number
}

async function insertInline(
  client: Client,
  list: List,
  holders: readonly ContentHolder[],
  loan: CopyLoan | undefined,
): Promise<void> {
  const { held, ownerId, milliseconds } = list
  const inline = new CopyRows(
    [...SNAPSHOT_COLUMNS, ...held.to.columns],
    [ownerId, null, milliseconds, milliseconds],
    loan,
  )
  for (const { id, content, ids } of holders) {
    const { from } = content
    if (!('lists' in from)) continue
    for (const [place, values] of (from.lists[list.list] ?? []).entries()) {
      inline.add([id, ids.at(list.list, place), ...values])
    }
  }
  await inline.copyTo(client, held.table)
}

/** Those that hold copies of one owner's records. */
interface NamedHolders {
  readonly head: string
  readonly sourceOwnerId: string
  readonly ids: string[]
  readonly sourceIds: string[]
  /** What the ids of their snapshots end with. */
  readonly tails: string[]
}

/** One owner's sources at a time, since a distributed PostgreSQL reads them where their owner's rows are. */
function bySourceOwner(holders: readonly ContentHolder[]): readonly NamedHolders[] {
  const all = new Map<string, NamedHolders>()
  for (const { id, content, ids } of holders) {
    const { from } = content
    if ('lists' in from) continue
    const { owner_id: sourceOwnerId } = from
    const named = all.get(sourceOwnerId) ?? {
      head: ids.head,
      sourceOwnerId,
      ids: [],
      sourceIds: [],
      tails: [],
    }
    all.set(sourceOwnerId, named)
    named.ids.push(id)
    named.sourceIds.push(from.id)
    named.tails.push(ids.tail)
  }
  return [...all.values()]
}

async function insertNamed(
  client: Client,
  list: List,
  { head, sourceOwnerId, ids, sourceIds, tails }: NamedHolders,
): Promise<void> {
  const { held, ownerId, milliseconds } = list
  const from = list.content.to.holds.find(({ attribute }) => attribute === held.attribute)
  if (!from) return
  const createdAt = new Date(milliseconds).toISOString()
  const columns = columnsOf(held.to)
  // What each source holds is read once, however many records are copies of it.
  await client.query(sql`
    with held as materialized (
      select s.*, h.source_holder_id,
             lpad(to_hex(${firstOf(list.list)}::integer - 1 + row_number() over (partition by h.source_holder_id order by s.id)), 3, '0') as digits
      from unnest(${uuidArray([...new Set(sourceIds)])}::uuid[]) as h(source_holder_id)
      cross join lateral (
        select * from ${raw(from.table)} t where t.owner_id = ${sourceOwnerId} and t.holder_id = h.source_holder_id offset 0
      ) as s
    )
    insert into ${raw(held.table)} (owner_id, holder_id, id, source_id, created_at, updated_at, ${columns})
    select ${ownerId}::uuid, r.holder_id, (${head}::text || s.digits || r.tail)::uuid, coalesce(s.source_id, s.id),
           ${createdAt}::timestamptz, ${createdAt}::timestamptz, ${raw(held.to.columns.map(({ name }) => `s.${name}`).join(', '))}
    from unnest(${uuidArray(ids)}::uuid[], ${uuidArray(sourceIds)}::uuid[], ${uuidArray(tails)}::text[])
           as r(holder_id, source_holder_id, tail)
    join held s on s.source_holder_id = r.source_holder_id
    ${returningIfByInsert(client)}`)
}

const columnsOf = ({ columns }: RecordType) => raw(columns.map(({ name }) => name).join(', '))
