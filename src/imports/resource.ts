import type { Import } from './import.js'

/**
 * The Import resource (contract 6), as requests and webhooks are answered. What has no value yet is absent.
 *
 * @param owner what `meta.owner` says.
 */
export function importResource(owner: 'store' | 'organization', one: Import) {
  return {
    id: one.id,
    type: 'subscription_import',
    attributes: { external_ref: one.externalRef, status: one.status },
    meta: {
      owner,
      timestamps: {
        created_at: one.createdAt,
        updated_at: one.updatedAt,
        started_at: one.startedAt,
        finished_at: one.finishedAt,
      },
      records: {
        uploaded: one.uploaded,
        imported: one.imported,
        skipped: one.onConflict === 'skip' ? one.skipped : undefined,
      },
      dry_run: one.dryRun || undefined,
      on_conflict: one.onConflict === 'reject' ? undefined : one.onConflict,
      errors: one.errors,
      file: one.file,
      failure: one.failure,
    },
  }
}
