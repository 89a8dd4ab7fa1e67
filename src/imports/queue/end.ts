import sql, { type Sql } from 'sql-template-tag'
import { type Pool, rows, transaction } from '../../db/pool.js'
import { addDeliveries } from '../../webhooks/deliveries.js'
import { type Failure, type Import, type ImportRow, importColumns, toImport } from '../import.js'
import { importResource } from '../resource/resource.js'
import { IMPORTS_CHANNEL, type Job, LeaseLost } from './claim.js'

/**
 * Ends a job whose whole file was processed: `success`, or `failed` if every record was rejected.
 *
 * @throws LeaseLost
 */
export async function finishImport(pool: Pool, job: Job): Promise<Import> {
  return mustBe(
    job,
    await endImport(
      pool,
      mine(job),
      sql`case when not exists (
            select from import_counts where import_id = imports.id and imported + skipped > 0) then 'all_rejected' end`,
      'Every record was rejected. The errors of this import say why, line by line; fix the lines and import them again.',
    ),
  )
}

/** Ends a job that cannot be run. @throws LeaseLost */
export async function failImport(pool: Pool, job: Job, { reason, detail }: Failure): Promise<Import> {
  return mustBe(job, await endImport(pool, mine(job), sql`${reason}::text`, detail))
}

/**
 * Cancels an unfinished import: a waiting one at once, a running one before its next chunk is committed. What
 * has been imported stays.
 *
 * @returns undefined if it had already ended.
 */
export async function cancelImport(pool: Pool, { id, dryRun }: Import): Promise<Import | undefined> {
  return await endImport(
    pool,
    sql`id = ${id} and status in ('pending', 'started')`,
    sql`'canceled'::text`,
    dryRun
      ? 'The rehearsal was canceled. Nothing was added; post the file again to rehearse it.'
      : 'The import was canceled. What had been imported by then stays; a retry resumes from where it stopped.',
  )
}

const mine = ({ id, fence }: Job): Sql => sql`id = ${id} and fence = ${fence} and status = 'started'`

function mustBe({ id }: Job, ended: Import | undefined): Import {
  if (!ended) throw new LeaseLost(id)
  return ended
}

/**
 * Ends an import, and in the same transaction queues the messages to its owner's webhooks, so that no end
 * goes unreported.
 *
 * @param reason why it failed; null: it is a success.
 */
async function endImport(pool: Pool, where: Sql, reason: Sql, detail: string): Promise<Import | undefined> {
  return await transaction(pool, async (client) => {
    // Locked by a separate statement: the next one sees the counts of a chunk that this one has waited for.
    const [locked] = await rows<{ id: string }>(client, sql`select id from imports where ${where} for update`)
    if (!locked) return undefined
    const [row] = await rows<ImportRow & { readonly owner_kind: 'store' | 'organization' }>(
      client,
      sql`
        update imports
        set status = case when ${reason} is null then 'success' else 'failed' end,
            failure_reason = ${reason},
            failure_detail = case when ${reason} is not null then ${detail}::text end,
            finished_at = at, updated_at = at, lease_expires_at = null
        from (select clock_timestamp() as at) as ending
        where id = ${locked.id}
        returning ${importColumns}, (select kind from owners where id = imports.owner_id) as owner_kind`,
    )
    if (!row) return undefined
    const ended = toImport(row)
    await addDeliveries(client, ended.ownerId, ended.id, {
      type: 'import.finished',
      timestamp: ended.updatedAt,
      data: importResource(row.owner_kind, ended),
    })
    // Wakes the process that may have the owner's next import.
    await client.query(`notify ${IMPORTS_CHANNEL}`)
    return ended
  })
}
