import sql from 'sql-template-tag'
import { type Client, type Pool, rows, transaction } from '../../db/pool.js'
import { addToTotals } from '../../db/totals.js'
import type { UploadStore } from '../../uploads/store.js'
import { noCounts } from '../counts.js'
import {
  type Import,
  type ImportOptions,
  type ImportRow,
  importColumns,
  isUndone,
  toImport,
} from '../import.js'
import {
  checkFixed,
  checkNotRun,
  checkWaiting,
  ExternalRefTaken,
  findByExternalRef,
} from '../queue/admission.js'
import { IMPORTS_CHANNEL } from '../queue/claim.js'
import type { Counts } from '../terms.js'

/** An import that is to be created, of a file that the store has under its id. */
export interface NewImport {
  readonly id: string
  readonly ownerId: string
  /** The name of the credential that it came with. */
  readonly createdBy: string
  readonly externalRef: string | undefined
  readonly options: ImportOptions
  /** The rehearsal that it runs for real. */
  readonly rehearsalOf?: string
  readonly fileName: string | undefined
  readonly file: StoredFile
}

/** What is known about a file since it was received. */
export interface StoredFile {
  readonly bytes: number
  readonly lines: number
  readonly sha256: Buffer
  readonly maxLineBytes: number
  readonly uploaded: Counts
}

/**
 * Creates an import that waits for its turn. Once this returns, it will run, whatever happens.
 *
 * @throws ExternalRefTaken, TooManyWaiting, UnknownFixed, AlreadyRun
 */
export async function createImport(
  pool: Pool,
  store: UploadStore,
  one: NewImport,
  maxWaiting: number,
): Promise<Import> {
  const { ownerId, externalRef, rehearsalOf, options } = one
  return await transaction(pool, async (client) => {
    // First, since it makes the owner's others wait: imports are committed in the order of their
    // `created_at`.
    await addToTotals(client, ownerId, new Map([['imports', 1]]))
    await checkWaiting(client, ownerId, maxWaiting)
    await checkFixed(client, ownerId, options.fixes)
    if (rehearsalOf !== undefined) await checkNotRun(client, rehearsalOf)
    let created = await insertImport(client, store, one)
    while (!created) {
      const holder = await findByExternalRef(client, ownerId, externalRef ?? '')
      if (holder !== undefined) throw new ExternalRefTaken(holder)
      // The import in the way failed at this very moment.
      created = await insertImport(client, store, one)
    }
    await client.query(`notify ${IMPORTS_CHANNEL}`)
    return created
  })
}

/** Adds the import and its counts; undefined: another import that has not failed has the `external_ref`. */
async function insertImport(
  client: Client,
  store: UploadStore,
  { id, ownerId, createdBy, externalRef, options, rehearsalOf, fileName, file }: NewImport,
): Promise<Import | undefined> {
  const { dryRun, onConflict, maxErrors, fixes } = options
  const [row] = await rows<ImportRow>(
    client,
    sql`
      with created as (
        insert into imports (id, owner_id, created_by, external_ref, upload_store, upload_key,
                             file_name, file_bytes, file_lines, file_sha256, max_line_bytes,
                             dry_run, on_conflict, max_errors, fixes, rehearsal_of, same_file_as)
        values (${id}, ${ownerId}, ${createdBy}, ${externalRef ?? null}, ${store.id}, ${id},
                ${fileName ?? null}, ${file.bytes}, ${file.lines}, ${file.sha256}, ${file.maxLineBytes},
                ${dryRun}, ${onConflict}, ${maxErrors ?? null}, ${fixes ?? null}, ${rehearsalOf ?? null},
                (select s.id from imports s
                 where s.owner_id = ${ownerId} and s.file_sha256 = ${file.sha256} and not s.dry_run
                   and s.status <> 'failed' and s.undo_of is null and not ${isUndone('s')}
                 order by s.created_at desc limit 1))
        on conflict (owner_id, ref_key(external_ref)) where status <> 'failed' and not dry_run and undone_at is null do nothing
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
  return row && { ...toImport(row), uploaded: { ...noCounts(), ...file.uploaded } }
}
