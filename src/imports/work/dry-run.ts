import sql from 'sql-template-tag'
import { deleteInBatches } from '../../db/batches.js'
import type { CopyLoan } from '../../db/copy/buffers.js'
import { type CopyColumn, CopyRows } from '../../db/copy/copy.js'
import { type Client, type Pool, rows, settled } from '../../db/pool.js'
import { isAnyOf } from '../../db/ref-key.js'
import type { RecordType } from '../../records/record-type.js'
import { holdersOfRefs, type NewRecords } from '../../records/write/insert.js'
import type { Source } from '../../records/write/references.js'
import type { Job } from '../queue/claim.js'

/*
 * A dry run is the whole import except for what it adds: it only stores a record's `external_ref`, where
 * later lines find it as they would find the record.
 */

const COLUMNS: readonly CopyColumn[] = [
  { name: 'owner_id', type: 'uuid' },
  { name: 'import_id', type: 'uuid' },
  { name: 'resource', type: 'text' },
  { name: 'external_ref', type: 'text' },
  { name: 'id', type: 'uuid' },
]

/**
 * Pretends to add records.
 *
 * @param except the places of those that are left out, from 0.
 * @param loan whose buffers are used on the way.
 * @returns by place, the id of the record that has the `external_ref`, or would have it.
 */
export async function dryRun(
  client: Client,
  { id, ownerId }: Job,
  records: NewRecords,
  except: ReadonlySet<number>,
  loan: CopyLoan,
): Promise<Map<number, string>> {
  const { recordType } = records
  const places = new Map<string, number>()
  for (let place = 0; place < records.length; place += 1) {
    const ref = records.externalRef(place)
    if (ref !== undefined && !except.has(place)) places.set(ref, place)
  }
  const refs = [...places.keys()]
  const [there, earlier] = await settled([
    holdersOfRefs(client, recordType, ownerId, refs),
    takenInDryRun(client, ownerId, id, recordType, refs),
  ])
  const taken = new Map<number, string>()
  const rows = new CopyRows(COLUMNS, [ownerId, id, recordType.table], loan)
  for (const [ref, place] of places) {
    const holder = there.get(ref) ?? earlier.get(ref)
    if (holder === undefined) rows.add([ref, records.id(place)])
    else taken.set(place, holder)
  }
  await rows.copyTo(client, 'rehearsed_refs')
  return taken
}

/** Finds, by `external_ref`, the records that a dry run would have added. */
export async function dryRunSources(
  client: Client,
  { id, ownerId }: Job,
  recordType: RecordType,
  refs: readonly string[],
): Promise<Map<string, Source>> {
  const found = await takenInDryRun(client, ownerId, id, recordType, refs)
  return new Map([...found].map(([ref, recordId]) => [ref, { id: recordId, owner_id: ownerId }]))
}

async function takenInDryRun(
  client: Client,
  ownerId: string,
  importId: string,
  { table }: RecordType,
  refs: readonly string[],
): Promise<Map<string, string>> {
  const found = await rows<{ external_ref: string; id: string }>(
    client,
    sql`
      select external_ref, id from rehearsed_refs
      where owner_id = ${ownerId} and import_id = ${importId} and resource = ${table}
        and ${isAnyOf(sql`external_ref`, refs)}`,
  )
  return new Map(found.map(({ external_ref, id }) => [external_ref, id]))
}

const STEP = 10_000

/** Deletes what a finished dry run stored, in small steps. */
export async function forgetDryRun(
  pool: Pool,
  { id, ownerId }: { readonly id: string; readonly ownerId: string },
  stop: AbortSignal,
): Promise<void> {
  const isOver = sql`exists (select from imports i where i.id = ${id} and i.status in ('success', 'failed'))`
  const where = sql`owner_id = ${ownerId} and import_id = ${id} and ${isOver}`
  for await (const _ of deleteInBatches(pool, { table: 'rehearsed_refs', where, key: ['id'], size: STEP })) {
    if (stop.aborted) return
  }
}

/** Finished dry runs of which something is left: their worker died, or was stopped. */
export async function leftDryRuns(pool: Pool): Promise<{ id: string; ownerId: string }[]> {
  const found = await rows<{ id: string; owner_id: string }>(
    pool,
    sql`
      select i.id, i.owner_id from imports i
      where i.dry_run and i.finished_at is not null
        and exists (select from rehearsed_refs r where r.owner_id = i.owner_id and r.import_id = i.id)
      limit 100`,
  )
  return found.map(({ id, owner_id }) => ({ id, ownerId: owner_id }))
}
