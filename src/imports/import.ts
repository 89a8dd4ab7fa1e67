import sql, { type Sql } from 'sql-template-tag'
import { type CountsByType, countsOf, type ImportCounts, toCounts } from './counts.js'
import type { FailureReason, ImportStatus, OnConflict } from './terms.js'

/** The options of an import. */
export interface ImportOptions {
  /** Do everything except adding, to see what the import would do. */
  readonly dryRun: boolean
  readonly onConflict: OnConflict
}

/** Why an import failed, for people: `reason` for programs, `detail` says what to do. */
export interface Failure {
  readonly reason: FailureReason
  readonly detail: string
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
  /** When its report expired: its errors are no longer available. */
  readonly expiredAt: string | undefined
  /**
   * Some of its errors are from before migration 0005: they have neither a position in the file nor a kind.
   */
  readonly hasOldErrors: boolean
  readonly file: { readonly bytes: number; readonly lines: number; readonly sha256: string }
  readonly failure: Failure | undefined
}

/** The columns of `imports`, under that name, that `toImport` reads. */
export const importColumns: Sql = sql`
  id, owner_id, external_ref, status, created_at, updated_at, started_at, finished_at, errors, expired_at, has_old_errors,
  dry_run, on_conflict, file_bytes, file_lines, encode(file_sha256, 'hex') as file_sha256, failure_reason, failure_detail,
  ${countsOf('imports')} as counts`

export interface ImportRow {
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
  readonly file_bytes: number
  readonly file_lines: number
  readonly file_sha256: string
  readonly failure_reason: FailureReason | null
  readonly failure_detail: string | null
  readonly counts: CountsByType
}

export function toImport(row: ImportRow): Import {
  return {
    id: row.id,
    ownerId: row.owner_id,
    externalRef: row.external_ref ?? undefined,
    status: row.status,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
    ...toCounts(row.counts),
    dryRun: row.dry_run,
    onConflict: row.on_conflict,
    errors: row.errors,
    expiredAt: row.expired_at ?? undefined,
    hasOldErrors: row.has_old_errors,
    file: { bytes: row.file_bytes, lines: row.file_lines, sha256: row.file_sha256 },
    failure:
      row.failure_reason === null
        ? undefined
        : { reason: row.failure_reason, detail: row.failure_detail ?? '' },
  }
}
