import { raw, type Sql } from 'sql-template-tag'
import { recordTypes } from '../records/index.js'
import type { Counts } from './scan.js'

export const IMPORT_STATUSES = ['pending', 'started', 'success', 'failed'] as const
export type ImportStatus = (typeof IMPORT_STATUSES)[number]

export const FAILURE_REASONS = ['all_rejected', 'upload_missing', 'fault', 'canceled'] as const

/** Why an import failed, for people: `reason` for programs, `detail` says what to do. */
export interface Failure {
  readonly reason: (typeof FAILURE_REASONS)[number]
  readonly detail: string
}

/** An import as the database has it. Times are RFC 3339. */
export interface Import {
  readonly id: string
  readonly ownerId: string
  readonly externalRef: string | undefined
  readonly status: ImportStatus
  readonly createdAt: string
  readonly updatedAt: string
  readonly startedAt: string | undefined
  readonly finishedAt: string | undefined
  readonly uploaded: Counts
  readonly imported: Counts
  readonly errors: number
  /** Since then its errors are no longer answered. */
  readonly expiredAt: string | undefined
  readonly file: { readonly bytes: number; readonly lines: number; readonly sha256: string }
  readonly failure: Failure | undefined
}

/** The columns that `toImport` reads. */
export const importColumns: Sql = raw(
  [
    'id, owner_id, external_ref, status, created_at, updated_at, started_at, finished_at, errors, expired_at',
    "file_bytes, file_lines, encode(file_sha256, 'hex') as file_sha256, failure_reason, failure_detail",
    ...recordTypes.map(({ table }) => `uploaded_${table}, imported_${table}`),
  ].join(', '),
)

export type ImportRow = Readonly<Record<string, string | number | null>> & {
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
  readonly file_bytes: number
  readonly file_lines: number
  readonly file_sha256: string
  readonly failure_reason: Failure['reason'] | null
  readonly failure_detail: string | null
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
    uploaded: counts(row, 'uploaded'),
    imported: counts(row, 'imported'),
    errors: row.errors,
    expiredAt: row.expired_at ?? undefined,
    file: { bytes: row.file_bytes, lines: row.file_lines, sha256: row.file_sha256 },
    failure:
      row.failure_reason === null
        ? undefined
        : { reason: row.failure_reason, detail: row.failure_detail ?? '' },
  }
}

/** Reads `uploaded_products, …` or `imported_products, …` of a row as counts by type. */
export function counts(row: Readonly<Record<string, unknown>>, kind: 'uploaded' | 'imported'): Counts {
  return Object.fromEntries(recordTypes.map(({ type, table }) => [type, Number(row[`${kind}_${table}`])]))
}
