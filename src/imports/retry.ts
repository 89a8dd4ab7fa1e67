import sql from 'sql-template-tag'
import { isUniqueViolation } from '../db/errors.js'
import { type Pool, rows } from '../db/pool.js'
import { type Import, type ImportRow, importColumns, toImport } from './import.js'
import { IMPORTS_CHANNEL } from './queue.js'
import { ExternalRefTaken, findByExternalRef } from './receive.js'

/**
 * Puts an import that failed or was canceled back into the queue, to go on from its checkpoint. Not a rehearsal, whose
 * notes are gone; nor one that was worked to its end; nor one whose file expired.
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
      where id = ${id} and status = 'failed' and failure_reason <> 'all_rejected' and not dry_run and expired_at is null
      returning ${importColumns}`,
  ).catch(async (error: unknown) => {
    if (!isUniqueViolation(error)) throw error
    // Nobody: the one that was in the way has failed in this very moment, and whoever tries again will see.
    throw new ExternalRefTaken((await findByExternalRef(pool, ownerId, externalRef ?? '')) ?? id)
  })
  if (!row) return undefined
  await pool.query(`notify ${IMPORTS_CHANNEL}`)
  return toImport(row)
}
