import sql from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import { type Client, type Pool, rows, transaction } from '../../db/pool.js'
import { addToTotals } from '../../db/totals.js'
import type { UploadStore } from '../../uploads/store.js'
import { decompress } from '../file/decompress.js'
import { type Import, type ImportOptions, type ImportRow, importColumns, toImport } from '../import.js'
import { checkWaiting, ExternalRefTaken, findByExternalRef } from '../queue/admission.js'
import { IMPORTS_CHANNEL } from '../queue/claim.js'
import { type ScanLimits, type ScannedFile, Scanner } from './scan.js'

/** A completely received file that is not yet an import. It has to become one, or be discarded. */
export interface Received {
  readonly id: string
  readonly file: ScannedFile
}

/**
 * Streams a file to the upload store, decompressed, checking its lines on the way. On return the file is
 * durable. If it throws, nothing of it is left.
 *
 * @throws UnusableFile, DecompressesToTooMuch, and what the source stream throws.
 */
export async function receiveFile(
  store: UploadStore,
  limits: ScanLimits & { readonly maxUploadBytes: number },
  bytes: AsyncIterable<Buffer>,
): Promise<Received> {
  const id = uuidv7()
  const scanner = new Scanner(limits)
  const writer = await store.create(id)
  try {
    for await (const piece of decompress(bytes, limits.maxUploadBytes)) {
      scanner.push(piece)
      await writer.write(piece)
    }
    const file = scanner.end()
    await writer.commit()
    return { id, file }
  } catch (error) {
    await writer.abort()
    throw error
  }
}

/** Removes a received file that will not become an import. */
export const discard = (store: UploadStore, { id }: Received): Promise<void> => store.remove(id)

/**
 * Turns a received file into an import that waits for its turn. Once this returns, it will run, whatever
 * happens.
 *
 * @throws ExternalRefTaken, TooManyWaiting
 */
export async function createImport(
  pool: Pool,
  store: UploadStore,
  ownerId: string,
  externalRef: string | undefined,
  options: ImportOptions,
  received: Received,
  maxWaiting: number,
): Promise<Import> {
  return await transaction(pool, async (client) => {
    // First, since it makes the owner's others wait: imports are committed in the order of their
    // `created_at`.
    await addToTotals(client, ownerId, new Map([['imports', 1]]))
    await checkWaiting(client, ownerId, maxWaiting)
    let created = await insertImport(client, store, ownerId, externalRef, options, received)
    while (!created) {
      const holder = await findByExternalRef(client, ownerId, externalRef ?? '')
      if (holder !== undefined) throw new ExternalRefTaken(holder)
      // The import in the way failed at this very moment.
      created = await insertImport(client, store, ownerId, externalRef, options, received)
    }
    await client.query(`notify ${IMPORTS_CHANNEL}`)
    return created
  })
}

/** Adds the import and its counts; undefined: another import that has not failed has the `external_ref`. */
async function insertImport(
  client: Client,
  store: UploadStore,
  ownerId: string,
  externalRef: string | undefined,
  { dryRun, onConflict }: ImportOptions,
  { id, file }: Received,
): Promise<Import | undefined> {
  const [row] = await rows<ImportRow>(
    client,
    sql`
      with created as (
        insert into imports (id, owner_id, external_ref, upload_store, upload_key,
                             file_bytes, file_lines, file_sha256, max_line_bytes, dry_run, on_conflict)
        values (${id}, ${ownerId}, ${externalRef ?? null}, ${store.id}, ${id},
                ${file.bytes}, ${file.lines}, ${file.sha256}, ${file.maxLineBytes}, ${dryRun}, ${onConflict})
        on conflict (owner_id, ref_key(external_ref)) where status <> 'failed' and not dry_run do nothing
        returning *
      ),
      counted as (
        insert into import_counts (import_id, type, uploaded)
        select created.id, c.type, c.uploaded
        from created, unnest(${Object.keys(file.uploaded)}::text[], ${Object.values(file.uploaded)}::bigint[]) as c(type, uploaded)
      )
      select ${importColumns} from created as imports`,
  )
  // The statement does not see the counts that it adds.
  return row && { ...toImport(row), uploaded: file.uploaded }
}
