import sql, { join, raw } from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import { databaseMilliseconds, laterThan } from '../../db/clock.js'
import { type Pool, rows, transaction } from '../../db/pool.js'
import { SnapshotIds } from '../content/snapshot-ids.js'
import type { StoredRecord } from '../read/records.js'
import type { RecordType, States } from '../record-type.js'
import { ChangedMeanwhile } from './change.js'

/** The action does not fit the state of the record. */
export class ActionRefused extends Error {
  override name = 'ActionRefused'
}

/**
 * Does something to a record, and notes it.
 *
 * @throws ActionRefused with the reason as its message; ChangedMeanwhile if the record is gone
 */
export async function act(
  pool: Pool,
  { table }: RecordType,
  { table: notes, actions }: States,
  { ownerId, id }: StoredRecord,
  name: string,
): Promise<void> {
  const action = actions[name]
  if (!action) throw new Error(`there is no action ${name}`)
  const reasons = Object.entries(action.refused)
  await transaction(pool, async (client) => {
    const where = sql`owner_id = ${ownerId} and id = ${id}`
    const [found] = await rows<{ milliseconds: number; refused: boolean[] }>(
      client,
      sql`
        select ${databaseMilliseconds} as milliseconds, array[${join(reasons.map(([, condition]) => raw(condition)))}] as refused
        from ${raw(table)} where ${where} for update`,
    )
    if (!found) throw new ChangedMeanwhile()
    const reason = reasons[found.refused.indexOf(true)]
    if (reason) throw new ActionRefused(reason[0])
    await client.query(sql`
      update ${raw(table)}
      set ${raw(action.set)}, updated_at = ${laterThan('updated_at')}
      where ${where}`)
    await client.query(sql`
      insert into ${raw(notes)} (owner_id, holder_id, id, created_at, action)
      values (${ownerId}, ${id}, ${new SnapshotIds(found.milliseconds, uuidv7()).own}, statement_timestamp(), ${name})`)
  })
}
