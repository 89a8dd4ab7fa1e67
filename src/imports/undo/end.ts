import sql from 'sql-template-tag'
import { type Pool, rows, transaction } from '../../db/pool.js'
import { addDeliveries } from '../../webhooks/deliveries.js'
import { type Failure, type Import, type ImportRow, importColumns, toImport } from '../import.js'
import { IMPORTS_CHANNEL, type Job, LeaseLost } from '../queue/claim.js'
import { importResource } from '../resource/resource.js'

/**
 * Ends an undo, and in the same transaction queues the messages to its owner's webhooks. One that ends well gives
 * the import's `external_ref` free.
 *
 * @param failure why it failed; absent: it reached its end.
 * @returns the import that was taken back
 * @throws LeaseLost
 */
export async function endUndo(
  pool: Pool,
  { id, fence, undoOf }: Job & { readonly undoOf: string },
  failure?: Failure,
): Promise<Import> {
  return await transaction(pool, async (client) => {
    const { rowCount } = await client.query(sql`
      update imports
      set status = ${failure ? 'failed' : 'success'},
          failure_reason = ${failure?.reason ?? null}, failure_detail = ${failure?.detail ?? null},
          finished_at = at, updated_at = at, lease_expires_at = null
      from (select clock_timestamp() as at) as ending
      where id = ${id} and fence = ${fence} and status = 'started'`)
    if (rowCount === 0) throw new LeaseLost(id)
    if (!failure) {
      await client.query(sql`update imports set undone_at = clock_timestamp() where id = ${undoOf}`)
    }
    const [row] = await rows<ImportRow & { readonly owner_kind: 'store' | 'organization' }>(
      client,
      sql`
        select ${importColumns}, (select kind from owners where id = imports.owner_id) as owner_kind
        from imports where id = ${undoOf}`,
    )
    if (!row) throw new Error(`there is no import ${undoOf}`)
    const undone = toImport(row)
    await addDeliveries(client, undone.ownerId, undone.id, {
      type: 'import.undone',
      timestamp: undone.undo?.updatedAt ?? undone.updatedAt,
      data: importResource(row.owner_kind, undone),
    })
    // Wakes the process that may have the owner's next import.
    await client.query(`notify ${IMPORTS_CHANNEL}`)
    return undone
  })
}
