import sql, { raw } from 'sql-template-tag'
import { returningIfByInsert } from '../../../db/copy/by-insert.js'
import { type Client, rows, settled } from '../../../db/pool.js'
import { isAnyOf } from '../../../db/ref-key.js'
import type { RecordType } from '../../../records/record-type.js'
import { SNAPSHOT_COLUMNS } from '../../../records/snapshot.js'
import type { Job } from '../../queue/claim.js'

/**
 * Finds the records that have these `external_ref`s, and locks them until the transaction ends. A dry run
 * first gets copies of its own.
 *
 * @param known by `external_ref`, the ids of those that are locked, to which the others are added
 *
 */
export async function lockExisting(
  client: Client,
  job: Job,
  recordType: RecordType,
  allRefs: readonly string[],
  known: Map<string, string>,
): Promise<void> {
  const refs = allRefs.filter((ref) => !known.has(ref))
  if (refs.length === 0) return
  if (job.dryRun) await copyExisting(client, job, recordType, refs)
  const found = await rows<{ external_ref: string; id: string }>(
    client,
    sql`
      select t.external_ref, t.id from ${raw(recordType.table)} t
      where t.owner_id = ${job.rowsOwnerId} and ${isAnyOf(sql`t.external_ref`, refs)}
      order by t.id for no key update`,
  )
  for (const { external_ref, id } of found) known.set(external_ref, id)
}

/**
 * Copies the owner's records into the dry run's own rows, under the same ids and with all that they hold:
 * from then on, the dry run changes these as an import would change the owner's (docs/decisions/0049).
 *
 */
async function copyExisting(
  client: Client,
  { ownerId, rowsOwnerId }: Job,
  { table, columns, contentColumns, holds }: RecordType,
  refs: readonly string[],
): Promise<void> {
  const names = namesOf([{ name: 'created_at' }, { name: 'updated_at' }, ...columns, ...contentColumns])
  const copied = await rows<{ id: string }>(
    client,
    sql`
      insert into ${raw(table)} (owner_id, id, ${names})
      select ${rowsOwnerId}::uuid, t.id, ${names} from ${raw(table)} t
      where t.owner_id = ${ownerId} and ${isAnyOf(sql`t.external_ref`, refs)}
      on conflict do nothing
      returning id`,
  )
  if (copied.length === 0) return
  const ids = copied.map(({ id }) => id)
  await settled(
    holds.map((held) => {
      const heldNames = namesOf([
        ...SNAPSHOT_COLUMNS.filter(({ name }) => name !== 'owner_id'),
        ...held.to.columns,
      ])
      return client.query(sql`
        insert into ${raw(held.table)} (owner_id, ${heldNames})
        select ${rowsOwnerId}::uuid, ${heldNames}
        from unnest(${ids}::uuid[]) as h(record_id)
        cross join lateral (
          select * from ${raw(held.table)} t
          where t.owner_id = ${ownerId} and t.holder_id = h.record_id offset 0
        ) as s
        ${returningIfByInsert(client)}`)
    }),
  )
}

const namesOf = (columns: readonly { readonly name: string }[]) =>
  raw(columns.map(({ name }) => name).join(', '))
