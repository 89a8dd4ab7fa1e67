import sql from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import { mayBeCommitted, type Pool, rows } from '../../db/pool.js'
import type { UploadStore } from '../../uploads/store.js'
import { type CountsByType, countsOf, uploadedOf } from '../counts.js'
import type { Import } from '../import.js'
import { createImport } from './create.js'

/**
 * Creates the import that does what a rehearsal rehearsed: of the same bytes, with the same options. It has an
 * upload of its own, so each of the two expires by itself.
 *
 * @param rehearsal one that has reached its end.
 * @param createdBy the name of the credential that asks.
 * @param store the one that has the rehearsal's file.
 * @throws UploadMissing, and as `createImport`. No copy of the file is left then.
 */
export async function runRehearsal(
  pool: Pool,
  store: UploadStore,
  rehearsal: Import,
  createdBy: string,
  maxWaiting: number,
): Promise<Import> {
  const id = uuidv7()
  const received = await asReceived(pool, rehearsal)
  await store.copy(rehearsal.id, id)
  const { ownerId, externalRef, onConflict, maxErrors, fixes, file } = rehearsal
  const { bytes, lines, name } = file
  const created = {
    id,
    ownerId,
    createdBy,
    externalRef,
    options: { dryRun: false, onConflict, maxErrors, fixes },
    rehearsalOf: rehearsal.id,
    fileName: name,
    file: { bytes, lines, sha256: Buffer.from(file.sha256, 'hex'), ...received },
  }
  return await createImport(pool, store, created, maxWaiting).catch(async (error) => {
    // A file that may belong to a committed import stays; if it does not, the worker deletes it later.
    if (!mayBeCommitted(error)) await store.remove(id)
    throw error
  })
}

/** What decides what each line is, as it was when the file was received. */
async function asReceived(pool: Pool, { id }: Import) {
  const [row] = await rows<{ readonly max_line_bytes: number; readonly counts: CountsByType }>(
    pool,
    sql`select max_line_bytes, ${countsOf('imports')} as counts from imports where id = ${id}`,
  )
  if (!row) throw new Error(`import ${id} is gone`)
  return { maxLineBytes: row.max_line_bytes, uploaded: uploadedOf(row.counts) }
}
