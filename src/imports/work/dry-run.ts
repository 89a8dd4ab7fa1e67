import sql, { raw } from 'sql-template-tag'
import { deleteInBatches } from '../../db/batches.js'
import { type Client, type Pool, rows } from '../../db/pool.js'
import { recordTypes } from '../../records/index.js'
import { holdersOfRefs, type NewRecords } from '../../records/write/insert.js'
import type { Job } from '../queue/claim.js'

/*
 * A dry run is the whole import except that its rows have an owner of their own, the import itself: nobody sees
 * them but the lines of the same file, and they are deleted when it is over (docs/decisions/0047).
 */

/**
 * Finds the records that would be in the way of those of a dry run.
 *
 * @param except the places of those that are left out, from 0.
 * @returns by place, the id of the owner's record that has the `external_ref`.
 */
export async function takenThere(
  client: Client,
  { ownerId }: Job,
  records: NewRecords,
  except: ReadonlySet<number>,
): Promise<ReadonlyMap<number, string>> {
  const places = new Map<string, number>()
  for (let place = 0; place < records.length; place += 1) {
    const ref = records.externalRef(place)
    if (ref !== undefined && !except.has(place)) places.set(ref, place)
  }
  const found = await holdersOfRefs(client, records.recordType, ownerId, [...places.keys()])
  return new Map([...found].flatMap(([ref, id]) => (places.has(ref) ? [[places.get(ref) ?? 0, id]] : [])))
}

const STEP = 5000

/** Deletes the rows of a finished dry run, in small steps, and notes that none is left. */
export async function forgetDryRun(pool: Pool, id: string, stop: AbortSignal): Promise<void> {
  const isOver = sql`exists (select 1 from imports i where i.id = ${id} and i.finished_at is not null)`
  const where = sql`owner_id = ${id} and ${isOver}`
  const tables = recordTypes.flatMap(({ table, holds }) => [
    { table, key: ['id'] },
    ...holds.map((held) => ({ table: held.table, key: ['holder_id', 'id'] })),
  ])
  for (const { table, key } of tables) {
    for await (const _ of deleteInBatches(pool, { table, where, key, size: STEP })) {
      if (stop.aborted) return
    }
  }
  await pool.query(
    sql`update imports set dry_run_deleted = true where id = ${id} and finished_at is not null`,
  )
}

/** Finished dry runs whose rows may be left: their worker died, or was stopped. */
export async function leftDryRuns(pool: Pool): Promise<string[]> {
  const found = await rows<{ id: string }>(
    pool,
    sql`
      select id from imports where dry_run and not dry_run_deleted and finished_at is not null
      order by finished_at limit ${raw('100')}`,
  )
  return found.map(({ id }) => id)
}
