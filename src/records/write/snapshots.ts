import sql, { raw, type Sql } from 'sql-template-tag'
import { databaseMilliseconds, laterThan } from '../../db/clock.js'
import { despiteDeadlocks } from '../../db/deadlock.js'
import { type Client, type Pool, rows, transaction } from '../../db/pool.js'
import type { StoredRecord } from '../read/records.js'
import { findSnapshot, type StoredSnapshot } from '../read/snapshots.js'
import type { RecordType, Reference } from '../record-type.js'
import { MAX_SNAPSHOTS } from '../validate.js'
import { ChangedMeanwhile, changeRow, UnresolvedReferences } from './change.js'
import { insertSnapshots } from './insert-snapshots.js'
import { resolveReferences } from './references.js'

/** The record already holds a snapshot of this original. */
export class AlreadyAttached extends Error {
  override name = 'AlreadyAttached'
  constructor(
    readonly sourceId: string,
    readonly snapshotId: string,
  ) {
    super(`${sourceId} is attached as ${snapshotId}.`)
  }
}

/**
 * With these the record would hold more than `MAX_SNAPSHOTS` of a kind. `holder`: its noun. `held`: how many
 * it has now.
 */
export class TooManySnapshots extends Error {
  override name = 'TooManySnapshots'
  constructor(
    readonly attribute: string,
    readonly holder: string,
    readonly held: number,
  ) {
    super(`The ${holder} has ${held} ${attribute} already.`)
  }
}

/** The holder of the snapshots, its list, and whose records may be attached. */
export interface Holding {
  readonly recordType: RecordType
  readonly reference: Reference
  readonly holder: StoredRecord
  readonly visibleOwnerIds: readonly string[]
}

/**
 * Adds snapshots of these records, as they are now.
 *
 * @returns the ids of the snapshots
 * @throws UnresolvedReferences, AlreadyAttached, TooManySnapshots, ChangedMeanwhile if the holder is gone
 */
export async function attach(pool: Pool, holding: Holding, ids: readonly string[]): Promise<string[]> {
  const attachAll = async (client: Client): Promise<string[]> => {
    await lockHolder(client, holding)
    const before = await sourcesOf(client, holding)
    const repeated = ids.find((id) => before.has(id))
    if (repeated !== undefined) throw new AlreadyAttached(repeated, before.get(repeated) ?? '')
    await add(client, holding, ids, before)
    const sources = await sourcesOf(client, holding)
    return ids.flatMap((id) => sources.get(id) ?? [])
  }
  return await despiteDeadlocks(() => transaction(pool, attachAll))
}

/**
 * Makes these records exactly what is held: the others are detached, new ones are attached, and existing
 * snapshots stay as they are.
 *
 * @throws UnresolvedReferences, TooManySnapshots, ChangedMeanwhile if the holder is gone
 */
export async function replace(pool: Pool, holding: Holding, ids: readonly string[]): Promise<void> {
  const replaceAll = async (client: Client): Promise<void> => {
    await lockHolder(client, holding)
    const before = await sourcesOf(client, holding)
    await client.query(sql`
      delete from ${raw(holding.reference.table)}
      where ${within(holding)} and (source_id is null or source_id <> all(${ids}::uuid[]))`)
    await add(client, holding, ids, before)
  }
  await despiteDeadlocks(() => transaction(pool, replaceAll))
}

/**
 * Changes a snapshot, which leaves its original alone; `null` clears an attribute.
 *
 * @throws ChangedMeanwhile
 */
export async function updateSnapshot(
  pool: Pool,
  holding: Holding,
  seen: StoredSnapshot,
  changes: Readonly<Record<string, unknown>>,
): Promise<StoredSnapshot> {
  const { reference } = holding
  const where = sql`${within(holding)} and id = ${seen.id}`
  const found = await transaction(pool, async (client) => {
    await lockHolder(client, holding)
    const changed = await changeRow(client, reference.to, reference.table, where, seen.updatedAt, changes)
    return changed ? await findSnapshot(client, reference, holding.holder, seen.id) : undefined
  })
  if (!found) throw new ChangedMeanwhile()
  return found
}

/** Removes a snapshot. @throws ChangedMeanwhile if it is gone already */
export async function detach(pool: Pool, holding: Holding, { id }: StoredSnapshot): Promise<void> {
  await transaction(pool, async (client) => {
    await lockHolder(client, holding)
    const { rowCount } = await client.query(
      sql`delete from ${raw(holding.reference.table)} where ${within(holding)} and id = ${id}`,
    )
    if (rowCount === 0) throw new ChangedMeanwhile()
  })
}

const within = ({ holder }: Holding): Sql => sql`owner_id = ${holder.ownerId} and holder_id = ${holder.id}`

/**
 * Locks a record, so that what it holds changes one request at a time, and not while it is being deleted. The
 * record counts as changed with what it holds, so whoever copies it meanwhile finds out.
 */
async function lockHolder(client: Client, { recordType, holder }: Holding): Promise<void> {
  const { rowCount } = await client.query(sql`
    update ${raw(recordType.table)}
    set updated_at = ${laterThan('updated_at')}
    where owner_id = ${holder.ownerId} and id = ${holder.id}`)
  if (rowCount === 0) throw new ChangedMeanwhile()
}

/** The id of the original → the id of the snapshot. */
async function sourcesOf(client: Client, holding: Holding): Promise<Map<string, string>> {
  const found = await rows<{ source_id: string; id: string }>(
    client,
    sql`
      select source_id, id from ${raw(holding.reference.table)}
      where ${within(holding)} and source_id is not null`,
  )
  return new Map(found.map(({ source_id, id }) => [source_id, id]))
}

/** How many snapshots there are, and the current time in milliseconds since 1970 by the database's clock. */
async function countHeld(
  client: Client,
  holding: Holding,
): Promise<{ readonly count: number; readonly milliseconds: number }> {
  const [row] = await rows<{ count: number; milliseconds: number }>(
    client,
    sql`
      select count(*), ${databaseMilliseconds} as milliseconds
      from ${raw(holding.reference.table)} where ${within(holding)}`,
  )
  if (!row) throw new Error('The count of snapshots returned no row.')
  return row
}

/** Looks all of these records up, and adds snapshots of those that are not held `before`. */
async function add(
  client: Client,
  holding: Holding,
  ids: readonly string[],
  before: ReadonlyMap<string, string>,
): Promise<void> {
  const { recordType, reference, holder, visibleOwnerIds } = holding
  const only = { ...recordType, references: [reference] }
  const [resolved] = await resolveReferences(
    client,
    only,
    visibleOwnerIds,
    [{ [reference.attribute]: ids }],
    'id',
  )
  if (!resolved) return
  if (resolved.problems.length > 0) throw new UnresolvedReferences(resolved.problems, resolved.missing)
  const added = (resolved.elements.get(reference.attribute) ?? []).filter(
    (element) => !('sourceId' in element && before.has(element.sourceId)),
  )
  const { count: held, milliseconds } = await countHeld(client, holding)
  if (added.length > 0 && held + added.length > MAX_SNAPSHOTS)
    throw new TooManySnapshots(reference.attribute, recordType.noun, held)
  const elements = new Map([[reference.attribute, added]])
  await insertSnapshots(client, only, holder.ownerId, milliseconds, [{ id: holder.id, elements }])
}
