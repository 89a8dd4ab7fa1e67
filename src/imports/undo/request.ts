import sql from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import { type Client, type Pool, rows, transaction } from '../../db/pool.js'
import { type Import, type ImportRow, importColumns, toImport } from '../import.js'
import { checkWaiting } from '../queue/admission.js'
import { IMPORTS_CHANNEL } from '../queue/claim.js'

/** Why an import cannot be taken back: it has not ended, is a dry run, was taken back already, or has expired. */
export type WhyNoUndo = 'unfinished' | 'dry run' | 'undone' | 'expired'

/** @returns why an import cannot be taken back; undefined: it can. */
export function whyNoUndo({ status, dryRun, expiredAt, undo }: Import): WhyNoUndo | undefined {
  if (dryRun) return 'dry run'
  if (status === 'pending' || status === 'started') return 'unfinished'
  if (undo && undo.status !== 'failed') return 'undone'
  return expiredAt === undefined ? undefined : 'expired'
}

/**
 * Puts the undo of an import into its owner's queue. One that has failed goes back there, to resume from its
 * checkpoint.
 *
 * @param maxWaiting how many imports of the owner may wait, including this one.
 * @returns the import with its undo; or why there is none
 * @throws TooManyWaiting
 */
export async function requestUndo(
  pool: Pool,
  { id, ownerId }: Import,
  maxWaiting: number,
): Promise<Import | WhyNoUndo> {
  return await transaction(pool, async (client) => {
    // Like a POST: whoever adds to an owner's queue locks its total, so that each sees what the others added.
    await client.query(
      sql`select from totals where owner_id = ${ownerId} and resource = 'imports' for update`,
    )
    // A retry of the import, and its retention, wait for this or are seen.
    await client.query(sql`select from imports where id = ${id} for update`)
    const found = await reread(client, id)
    const why = whyNoUndo(found)
    if (why) return why
    await checkWaiting(client, ownerId, maxWaiting)
    if (found.undo) await resume(client, id)
    else await insert(client, id)
    await client.query(`notify ${IMPORTS_CHANNEL}`)
    return await reread(client, id)
  })
}

async function reread(client: Client, id: string): Promise<Import> {
  const [row] = await rows<ImportRow>(client, sql`select ${importColumns} from imports where id = ${id}`)
  if (!row) throw new Error(`there is no import ${id}`)
  return toImport(row)
}

/**
 * Any process runs it, since it reads no file, so the import's store is named only because the column requires one.
 * Retention has nothing to delete of it.
 */
async function insert(client: Client, id: string): Promise<void> {
  await client.query(sql`
    insert into imports (id, undo_of, owner_id, upload_store, upload_key, file_bytes, file_lines, file_sha256,
                         max_line_bytes, errors_deleted_at, upload_deleted_at)
    select ${uuidv7()}, i.id, i.owner_id, i.upload_store, i.upload_key, 0, 0, ''::bytea, 0, now(), now()
    from imports i where i.id = ${id}`)
}

async function resume(client: Client, id: string): Promise<void> {
  await client.query(sql`
    update imports
    set status = 'pending', failure_reason = null, failure_detail = null, finished_at = null,
        attempts = 0, claims = 0, retry_at = null, updated_at = clock_timestamp()
    where undo_of = ${id} and status = 'failed'`)
}
