import type { Import } from '../import.js'
import type { ImportResource } from './schema.js'

/**
 * The Import resource for responses and webhooks. What has no value yet is absent.
 *
 * @param owner what `meta.owner` says.
 */
export function importResource(owner: 'store' | 'organization', one: Import): ImportResource {
  const { externalRef, startedAt, finishedAt, failure, onConflict } = one
  return {
    id: one.id,
    type: 'subscription_import',
    attributes: {
      ...(externalRef !== undefined && { external_ref: externalRef }),
      status: one.status,
    },
    meta: {
      owner,
      timestamps: {
        created_at: one.createdAt,
        updated_at: one.updatedAt,
        ...(startedAt !== undefined && { started_at: startedAt }),
        ...(finishedAt !== undefined && { finished_at: finishedAt }),
      },
      records: {
        uploaded: one.uploaded,
        imported: one.imported,
        ...(onConflict === 'skip' && { skipped: one.skipped }),
      },
      ...(one.dryRun && { dry_run: true }),
      ...(onConflict !== 'reject' && { on_conflict: onConflict }),
      errors: one.errors,
      file: one.file,
      ...(failure && { failure }),
    },
  }
}
