import sql, { raw, type Sql } from 'sql-template-tag'
import { toRfc3339 } from '../db/pool.js'
import { type CountsByType, countsOf, type ImportCounts, toCounts } from './counts.js'
import { progressOf } from './progress.js'
import type { FailureReason, ImportStatus, OnConflict } from './terms.js'

/** The options of an import. */
export interface ImportOptions {
  /** Do everything except adding, to see what the import would do. */
  readonly dryRun: boolean
  readonly onConflict: OnConflict
  /** It stops once more lines than this are rejected. */
  readonly maxErrors: number | undefined
  /** The import whose rejected lines its file has, corrected. */
  readonly fixes: string | undefined
}

/** Why an import failed, for people: `reason` for programs, `detail` says what to do. */
export interface Failure {
  readonly reason: FailureReason
  readonly detail: string
}

/** The job that takes an import back (contract 12). Its counts are the import's. Times are RFC 3339. */
export interface Undo {
  readonly status: ImportStatus
  readonly createdAt: string
  readonly updatedAt: string
  readonly startedAt: string | undefined
  readonly finishedAt: string | undefined
  readonly failure: Failure | undefined
}

/** An import as stored in the database. Times are RFC 3339. */
export interface Import extends ImportOptions, ImportCounts {
  readonly id: string
  readonly ownerId: string
  readonly externalRef: string | undefined
  readonly status: ImportStatus
  readonly createdAt: string
  readonly updatedAt: string
  readonly startedAt: string | undefined
  readonly finishedAt: string | undefined
  readonly errors: number
  /** How many lines have a warning (contract 10). */
  readonly warnings: number
  /** From 0 to 1; 1 exactly when it has ended by reaching its end. */
  readonly progress: number
  /** The name of the credential that it was created with. */
  readonly createdBy: string | undefined
  /** Another import of a file with the same bytes. */
  readonly sameFileAs: string | undefined
  /** The dry run that it runs for real; of a dry run, the import that does so. */
  readonly rehearsalOf: string | undefined
  readonly runAs: string | undefined
  /** The latest import with its rejected lines, corrected. */
  readonly fixedBy: string | undefined
  /** When its report expired: its errors are no longer available. */
  readonly expiredAt: string | undefined
  /**
   * Some of its errors are from before migration 0005: they have neither a position in the file nor a kind.
   */
  readonly hasOldErrors: boolean
  /** The store that has its file, under its id. */
  readonly uploadStore: string
  readonly file: {
    readonly name: string | undefined
    readonly bytes: number
    readonly lines: number
    readonly sha256: string
  }
  readonly failure: Failure | undefined
  /** Absent: nobody has asked for it. */
  readonly undo: Undo | undefined
}

/** The condition that an import was undone (contract 12). @param table the alias of a row of `imports` */
export const isUndone = (table: string): Sql => raw(`(${table}.undone_at is not null)`)

/** The columns of `imports`, under that name, that `toImport` reads. */
export const importColumns: Sql = sql`
  id, owner_id, external_ref, status, created_at, updated_at, started_at, finished_at, errors, expired_at, has_old_errors,
  dry_run, on_conflict, max_errors, fixes, warnings, created_by, same_file_as, rehearsal_of,
  (select r.id from imports r where r.rehearsal_of = imports.id and r.status <> 'failed' and not ${isUndone('r')}
   order by r.created_at desc limit 1) as run_as,
  (select f.id from imports f where f.fixes = imports.id and f.status <> 'failed' and not f.dry_run and not ${isUndone('f')}
   order by f.created_at desc limit 1) as fixed_by,
  upload_store, file_name, file_bytes, file_lines, encode(file_sha256, 'hex') as file_sha256, checkpoint_pass, checkpoint_bytes,
  failure_reason, failure_detail,
  (select json_build_object('status', u.status, 'created_at', u.created_at::text, 'updated_at', u.updated_at::text,
                            'started_at', u.started_at::text, 'finished_at', u.finished_at::text,
                            'failure_reason', u.failure_reason, 'failure_detail', u.failure_detail)
   from imports u where u.undo_of = imports.id) as undo,
  ${countsOf('imports')} as counts`

export interface ImportRow extends FailureColumns {
  readonly dry_run: boolean
  readonly on_conflict: OnConflict
  readonly id: string
  readonly owner_id: string
  readonly external_ref: string | null
  readonly status: ImportStatus
  readonly created_at: string
  readonly updated_at: string
  readonly started_at: string | null
  readonly finished_at: string | null
  readonly errors: number
  readonly expired_at: string | null
  readonly has_old_errors: boolean
  readonly max_errors: number | null
  readonly fixes: string | null
  readonly warnings: number
  readonly created_by: string | null
  readonly same_file_as: string | null
  readonly rehearsal_of: string | null
  readonly run_as: string | null
  readonly fixed_by: string | null
  readonly checkpoint_pass: number
  readonly checkpoint_bytes: number
  readonly upload_store: string
  readonly file_name: string | null
  readonly file_bytes: number
  readonly file_lines: number
  readonly file_sha256: string
  readonly undo: UndoColumns | null
  readonly counts: CountsByType
}

interface FailureColumns {
  readonly failure_reason: FailureReason | null
  readonly failure_detail: string | null
}

/** Its times are PostgreSQL's texts. */
interface UndoColumns extends FailureColumns {
  readonly status: ImportStatus
  readonly created_at: string
  readonly updated_at: string
  readonly started_at: string | null
  readonly finished_at: string | null
}

export function toImport(row: ImportRow): Import {
  const counts = toCounts(row.counts)
  const file = {
    name: row.file_name ?? undefined,
    bytes: row.file_bytes,
    lines: row.file_lines,
    sha256: row.file_sha256,
  }
  const checkpoint = { pass: row.checkpoint_pass, bytes: row.checkpoint_bytes }
  const hasReachedItsEnd = row.status === 'success' || row.failure_reason === 'all_rejected'
  return {
    id: row.id,
    ownerId: row.owner_id,
    externalRef: row.external_ref ?? undefined,
    status: row.status,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
    ...counts,
    dryRun: row.dry_run,
    onConflict: row.on_conflict,
    maxErrors: row.max_errors ?? undefined,
    fixes: row.fixes ?? undefined,
    errors: row.errors,
    warnings: row.warnings,
    progress: hasReachedItsEnd ? 1 : progressOf({ uploaded: counts.uploaded, file, checkpoint }),
    createdBy: row.created_by ?? undefined,
    sameFileAs: row.same_file_as ?? undefined,
    rehearsalOf: row.rehearsal_of ?? undefined,
    runAs: row.run_as ?? undefined,
    fixedBy: row.fixed_by ?? undefined,
    expiredAt: row.expired_at ?? undefined,
    hasOldErrors: row.has_old_errors,
    uploadStore: row.upload_store,
    file,
    failure: toFailure(row),
    undo: row.undo === null ? undefined : toUndo(row.undo),
  }
}

const toFailure = ({
  failure_reason: reason,
  failure_detail: detail,
}: FailureColumns): Failure | undefined => (reason === null ? undefined : { reason, detail: detail ?? '' })

const toUndo = (undo: UndoColumns): Undo => ({
  status: undo.status,
  createdAt: toRfc3339(undo.created_at),
  updatedAt: toRfc3339(undo.updated_at),
  startedAt: undo.started_at === null ? undefined : toRfc3339(undo.started_at),
  finishedAt: undo.finished_at === null ? undefined : toRfc3339(undo.finished_at),
  failure: toFailure(undo),
})
