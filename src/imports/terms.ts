/**
 * The words of the contract for an import, and its counts. Independent of everything else, since the console
 * is built with them too.
 */

export const IMPORT_STATUSES = ['pending', 'started', 'success', 'failed'] as const
export type ImportStatus = (typeof IMPORT_STATUSES)[number]

/** What happens to a record whose `external_ref` already exists. */
export const ON_CONFLICT = ['reject', 'skip', 'update', 'patch'] as const
export type OnConflict = (typeof ON_CONFLICT)[number]

/** Whether records that exist are changed, which is kept in a journal (docs/decisions/0049). */
export const keepsJournal = (onConflict: OnConflict): boolean =>
  onConflict === 'update' || onConflict === 'patch'

/** Why an import failed, for programs. */
export const FAILURE_REASONS = [
  'all_rejected',
  'too_many_errors',
  'upload_missing',
  'fault',
  'canceled',
] as const
export type FailureReason = (typeof FAILURE_REASONS)[number]

/** Why the undo of an import leaves a record as it is (contract 12). */
export const KEPT_REASONS = ['changed', 'held', 'deleted', 'not_recorded'] as const
export type KeptReason = (typeof KEPT_REASONS)[number]

/** What is no error and yet would surprise, in a stable word (contract 10). */
export const WARNING_CODES = [
  'unknown_attribute',
  'no_external_ref',
  'repeated_account',
  'repeated_email',
  'same_file',
] as const
export type WarningCode = (typeof WARNING_CODES)[number]

/** Records by type, with a count for every type: `{"subscription_product": 3, …}`. */
export type Counts = Record<string, number>
