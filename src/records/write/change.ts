import sql, { join, raw, type Sql } from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import { databaseMilliseconds, laterThan } from '../../db/clock.js'
import { despiteDeadlocks } from '../../db/deadlock.js'
import { isDeadlock, isUniqueViolation } from '../../db/errors.js'
import { type Client, type Pool, rows, transaction } from '../../db/pool.js'
import { addToTotals } from '../../db/totals.js'
import type { Problem } from '../../schema/problem.js'
import { type ColumnValue, columnValue } from '../columns.js'
import { selectAnother } from '../content/selection.js'
import { SnapshotIds } from '../content/snapshot-ids.js'
import { recordTypes } from '../index.js'
import { findRecord, type StoredRecord } from '../read/records.js'
import type { RecordType } from '../record-type.js'
import { holdersOfRefs, insertRecord } from './insert.js'
import { insertHeld } from './insert-held.js'
import { deleteSnapshots } from './insert-snapshots.js'
import { referringOf } from './referring.js'
import { type Resolved, resolve } from './resolve.js'

/** Another record of the owner and type has the `external_ref`. */
export class RefTaken extends Error {
  override name = 'RefTaken'
  constructor(readonly holderId: string) {
    super(`The external_ref is that of record ${holderId}.`)
  }
}

/** The record was changed or deleted after it was read: nothing was written. */
export class ChangedMeanwhile extends Error {
  override name = 'ChangedMeanwhile'
}

/** The record cannot be deleted: `holderId` holds a snapshot of it. */
export class StillAttached extends Error {
  override name = 'StillAttached'
  /** @param isOwn whether the holder belongs to the record's owner, and not to one of its stores */
  constructor(
    readonly holderType: RecordType,
    readonly holderId: string,
    readonly isOwn: boolean,
  ) {
    super(`Record ${holderId} holds a snapshot.`)
  }
}

/** References that lead nowhere; nothing was written. `missing`: the references as given. */
export class UnresolvedReferences extends Error {
  override name = 'UnresolvedReferences'
  constructor(
    readonly problems: readonly Problem[],
    readonly missing: readonly string[],
  ) {
    super('Some references lead nowhere.')
  }
}

type Attributes = Readonly<Record<string, unknown>>

/**
 * Adds one record with valid attributes, and the snapshots for its references. Its lists of references may be
 * absent.
 *
 * @param visibleOwnerIds the owner, then its organization: whose records may be referred to.
 * @throws RefTaken, UnresolvedReferences
 */
export async function createRecord(
  pool: Pool,
  recordType: RecordType,
  visibleOwnerIds: readonly string[],
  attributes: Attributes,
): Promise<StoredRecord> {
  const [ownerId = ''] = visibleOwnerIds
  const create = async (client: Client): Promise<StoredRecord> => {
    // What refers to nothing that has to be seen now saves the question.
    const milliseconds = recordType.content ? await now(client) : 0
    const resolved = await resolveOne(client, recordType, visibleOwnerIds, attributes, milliseconds)
    const ids = new SnapshotIds(milliseconds, uuidv7())
    const contentValues = resolved?.content?.values(ids)
    const inserted = await insertRecord(client, { recordType, ownerId }, attributes, contentValues)
    if ('holderId' in inserted) throw new RefTaken(inserted.holderId)
    const { id } = inserted
    if (resolved) {
      await insertHeld(client, recordType, ownerId, inserted.milliseconds, [{ ...resolved, id, ids }])
    }
    await addToTotals(client, ownerId, new Map([[recordType.table, 1]]))
    return await reread(client, recordType, ownerId, id)
  }
  // What it refers to may be about to be removed by an undo, which locks many records as well.
  return await despiteDeadlocks(() => transaction(pool, create))
}

/** Milliseconds since 1970 by the database's clock. */
async function now(client: Client): Promise<number> {
  const [clock] = await rows<{ milliseconds: number }>(
    client,
    sql`select ${databaseMilliseconds} as milliseconds`,
  )
  return clock?.milliseconds ?? 0
}

/** Resolves what one record refers to, if it refers to anything. */
async function resolveOne(
  client: Client,
  recordType: RecordType,
  visibleOwnerIds: readonly string[],
  attributes: Attributes,
  milliseconds: number,
): Promise<Resolved | undefined> {
  const { references, content } = recordType
  if (!content && !references.some(({ attribute }) => attributes[attribute] !== undefined)) return undefined
  const referring = [referringOf(recordType, attributes, new Date(milliseconds).toISOString())]
  const [resolved] = await resolve(client, recordType, visibleOwnerIds, referring, 'share')
  if (!resolved) return undefined
  if (resolved.problems.length > 0) throw new UnresolvedReferences(resolved.problems, resolved.missing)
  return resolved
}

/**
 * Changes some attributes of a record; `null` clears one. The record is written only if it is still as it was
 * read.
 *
 * @param changes valid together with the record's other attributes.
 * @throws RefTaken, ChangedMeanwhile
 */
export async function updateRecord(
  pool: Pool,
  recordType: RecordType,
  seen: StoredRecord,
  changes: Attributes,
): Promise<StoredRecord> {
  const { ownerId, id, updatedAt } = seen
  const where = sql`owner_id = ${ownerId} and id = ${id}`
  const selected = await selectionOf(pool, recordType, seen, changes)
  const changed = await changeRow(
    pool,
    recordType,
    recordType.table,
    where,
    updatedAt,
    changes,
    selected,
  ).catch(async (error: unknown) => {
    // Two writers each wanted the `external_ref` that the other was giving up; PostgreSQL has aborted this
    // one.
    if (isDeadlock(error)) throw new ChangedMeanwhile()
    if (!isUniqueViolation(error)) throw error
    const ref = String(changes.external_ref)
    const holder = (await holdersOfRefs(pool, recordType, ownerId, [ref])).get(ref)
    throw holder === undefined ? new ChangedMeanwhile() : new RefTaken(holder)
  })
  if (!changed) throw new ChangedMeanwhile()
  return await reread(pool, recordType, ownerId, id)
}

/**
 * The columns that change with another selection of what the record holds, which never changes itself.
 *
 * @throws UnresolvedReferences, ChangedMeanwhile
 */
async function selectionOf(
  pool: Pool,
  recordType: RecordType,
  { ownerId, id, attributes }: StoredRecord,
  changes: Attributes,
): Promise<Readonly<Record<string, ColumnValue>>> {
  const { content } = recordType
  const selected = content && changes[content.selects.id]
  if (!content || typeof selected !== 'string') return {}
  const holder = { id, owner_id: ownerId }
  const currency = String(attributes[content.currency])
  const found = await selectAnother(pool, recordType, content, holder, { currency, selected })
  if (!found) throw new ChangedMeanwhile()
  if ('problem' in found) throw new UnresolvedReferences([found.problem], [])
  return found.columns
}

/**
 * Writes changes into the row of a record or a snapshot that is still as it was at `updatedAt`. An empty
 * change leaves it as it is. Returns whether the row was there and unchanged.
 */
export async function changeRow(
  db: Pool | Client,
  { columns, contentColumns }: RecordType,
  table: string,
  where: Sql,
  updatedAt: string,
  changes: Attributes,
  contentValues: Readonly<Record<string, ColumnValue>> = {},
): Promise<boolean> {
  const assignments = [
    ...columns
      .filter(({ path: [attribute] }) => Object.hasOwn(changes, attribute))
      .map((column) => [column, columnValue(column, changes)] as const),
    ...contentColumns
      .filter(({ name }) => Object.hasOwn(contentValues, name))
      .map((column) => [column, contentValues[column.name] ?? null] as const),
  ].map(([{ name, type }, value]) => sql`${raw(name)} = ${value}::${raw(type)},`)
  if (assignments.length === 0) return true
  const { rowCount } = await db.query(sql`
    update ${raw(table)}
    set ${join(assignments, ' ')} updated_at = ${laterThan('updated_at')}
    where ${where} and updated_at = ${updatedAt}::timestamptz`)
  return rowCount === 1
}

/**
 * Deletes a record with its own snapshots.
 *
 * @throws StillAttached if something holds a snapshot of it, ChangedMeanwhile if it is gone already.
 */
export async function deleteRecord(
  pool: Pool,
  recordType: RecordType,
  { ownerId, id }: StoredRecord,
): Promise<void> {
  await transaction(pool, async (client) => {
    // Whoever is attaching it right now holds the row; the check below then sees the result.
    const { rowCount } = await client.query(
      sql`select from ${raw(recordType.table)} where owner_id = ${ownerId} and id = ${id} for update`,
    )
    if (rowCount === 0) throw new ChangedMeanwhile()
    const holder = await holderOf(client, recordType, ownerId, id)
    if (holder) throw new StillAttached(holder.type, holder.id, holder.owner_id === ownerId)
    await deleteSnapshots(client, recordType, ownerId, [id])
    if (recordType.states) {
      await client.query(
        sql`delete from ${raw(recordType.states.table)} where owner_id = ${ownerId} and holder_id = ${id}`,
      )
    }
    await client.query(sql`delete from ${raw(recordType.table)} where owner_id = ${ownerId} and id = ${id}`)
    await addToTotals(client, ownerId, new Map([[recordType.table, -1]]))
  })
}

/** A record, of the owner or of one of its stores, that holds a snapshot of this one. */
async function holderOf(
  client: Client,
  recordType: RecordType,
  ownerId: string,
  id: string,
): Promise<{ type: RecordType; id: string; owner_id: string } | undefined> {
  const references = recordTypes.flatMap((type) =>
    type.references.flatMap(({ to, table }) => (to === recordType ? { type, table } : [])),
  )
  const ownerIds = await itselfAndItsStores(client, ownerId)
  for (const { type, table } of references) {
    const [holder] = await rows<{ id: string; owner_id: string }>(
      client,
      sql`
        select holder_id as id, owner_id from ${raw(table)}
        where source_id = ${id} and owner_id = any(${ownerIds}::uuid[])
        limit 1`,
    )
    if (holder) return { type, ...holder }
  }
  return undefined
}

async function itselfAndItsStores(client: Client, ownerId: string): Promise<string[]> {
  const found = await rows<{ id: string }>(
    client,
    sql`select o.id from owners o where o.id = ${ownerId} or o.parent_id = ${ownerId}`,
  )
  return found.map(({ id }) => id)
}

async function reread(
  db: Pool | Client,
  recordType: RecordType,
  ownerId: string,
  id: string,
): Promise<StoredRecord> {
  const record = await findRecord(db, recordType, [ownerId], id)
  if (!record) throw new ChangedMeanwhile()
  return record
}
