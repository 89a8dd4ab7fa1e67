import sql from 'sql-template-tag'
import { isUniqueViolation } from '../../db/errors.js'
import { type Pool, rows, transaction } from '../../db/pool.js'
import { type Import, type ImportRow, importColumns, toImport } from '../import.js'
import { checkNotRun, checkWaiting, ExternalRefTaken, findByExternalRef } from './admission.js'
import { IMPORTS_CHANNEL } from './claim.js'

/**
 * Puts an import that failed or was canceled back into the queue, to resume from its checkpoint. Not a dry
 * run, whose notes are gone; nor one whose whole file was processed; nor one whose file expired; nor one that is
 * taken back. The limit of rejected lines no longer applies.
 *
 * @param maxWaiting how many imports of the owner may wait, including this one.
 * @returns undefined if it is none of these.
 * @throws ExternalRefTaken if another import has taken its `external_ref`; TooManyWaiting; AlreadyRun if
 * another import runs the same rehearsal by now
 */
export async function retryImport(
  pool: Pool,
  { id, ownerId, externalRef, rehearsalOf }: Import,
  maxWaiting: number,
): Promise<Import | undefined> {
  return await transaction(pool, async (client) => {
    // Like a POST: whoever adds to an owner's queue locks its total, so that each sees what the others added.
    await client.query(
      sql`select from totals where owner_id = ${ownerId} and resource = 'imports' for update`,
    )
    const [retryable] = await rows(
      client,
      sql`
        select from imports
        where id = ${id} and status = 'failed' and failure_reason <> 'all_rejected' and not dry_run and expired_at is null
          and not exists (select from imports u where u.undo_of = imports.id)
        for update`,
    )
    if (!retryable) return undefined
    await checkWaiting(client, ownerId, maxWaiting)
    if (rehearsalOf !== undefined) await checkNotRun(client, rehearsalOf, id)
    const [row] = await rows<ImportRow>(
      client,
      sql`
        update imports
        set status = 'pending', failure_reason = null, failure_detail = null, finished_at = null,
            attempts = 0, claims = 0, retry_at = null, max_errors = null, updated_at = clock_timestamp()
        where id = ${id}
        returning ${importColumns}`,
    )
    await client.query(`notify ${IMPORTS_CHANNEL}`)
    return row && toImport(row)
  }).catch(async (error: unknown) => {
    if (!isUniqueViolation(error)) throw error
    // Nobody: the import in the way has failed at this very moment, so trying again will succeed.
    throw new ExternalRefTaken((await findByExternalRef(pool, ownerId, externalRef ?? '')) ?? id)
  })
}
