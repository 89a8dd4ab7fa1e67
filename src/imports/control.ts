import sql from 'sql-template-tag'
import { isUniqueViolation } from '../db/errors.js'
import { type Pool, rows } from '../db/pool.js'
import { type Import, type ImportRow, importColumns, toImport } from './import.js'
import { IMPORTS_CHANNEL } from './queue.js'
import { ExternalRefTaken, findByExternalRef } from './receive.js'

/**
 * Ends an import that is not over: one that waits at once, one that runs before its next chunk is committed. What had been
 * imported stays.
 *
 * @returns undefined if it was over already.
 */
export async function cancelImport(pool: Pool, { id }: Import): Promise<Import | undefined> {
  const [row] = await rows<ImportRow>(
    pool,
    sql`
      update imports
      set status = 'failed', failure_reason = 'canceled',
          failure_detail = 'The import was canceled. What had been imported by then is there; a retry goes on from where it stopped.',
          finished_at = clock_timestamp(), updated_at = clock_timestamp(), lease_expires_at = null
      where id = ${id} and status in ('pending', 'started')
      returning ${importColumns}`,
  )
  if (!row) return undefined
  await pool.query(`notify ${IMPORTS_CHANNEL}`)
  return toImport(row)
}

/**
 * Puts an import that failed or was canceled back into the queue, to go on from its checkpoint. Not a rehearsal, whose
 * notes are gone; nor one that was worked to its end.
 *
 * @returns undefined if it is none of these.
 * @throws ExternalRefTaken if another import has its `external_ref` by now
 */
export async function retryImport(
  pool: Pool,
  { id, ownerId, externalRef }: Import,
): Promise<Import | undefined> {
  const [row] = await rows<ImportRow>(
    pool,
    sql`
      update imports
      set status = 'pending', failure_reason = null, failure_detail = null, finished_at = null,
          attempts = 0, retry_at = null, updated_at = clock_timestamp()
      where id = ${id} and status = 'failed' and failure_reason <> 'all_rejected' and not dry_run
      returning ${importColumns}`,
  ).catch(async (error: unknown) => {
    const holder = isUniqueViolation(error) && (await findByExternalRef(pool, ownerId, externalRef ?? ''))
    throw holder ? new ExternalRefTaken(holder) : error
  })
  if (!row) return undefined
  await pool.query(`notify ${IMPORTS_CHANNEL}`)
  return toImport(row)
}
