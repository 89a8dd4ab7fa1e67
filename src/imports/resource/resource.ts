import type { Import, Undo } from '../import.js'
import { keepsJournal } from '../terms.js'
import type { ImportResource } from './schema.js'

/**
 * The Import resource for responses and webhooks. What has no value yet is absent.
 *
 * @param owner what `meta.owner` says.
 */
export function importResource(owner: 'store' | 'organization', one: Import): ImportResource {
  const { externalRef, failure, onConflict, file, createdBy, undo } = one
  return {
    id: one.id,
    type: 'subscription_import',
    attributes: {
      ...(externalRef !== undefined && { external_ref: externalRef }),
      status: one.status,
    },
    meta: {
      owner,
      ...(createdBy !== undefined && { created_by: createdBy }),
      timestamps: timestampsOf(one),
      records: {
        uploaded: one.uploaded,
        imported: one.imported,
        ...(onConflict === 'skip' && { skipped: one.skipped }),
        ...(keepsJournal(onConflict) && {
          updated: one.updated,
          unchanged: one.unchanged,
        }),
      },
      progress: one.progress,
      ...(one.dryRun && { dry_run: true }),
      ...(onConflict !== 'reject' && { on_conflict: onConflict }),
      ...(one.maxErrors !== undefined && { max_errors: one.maxErrors }),
      errors: one.errors,
      warnings: one.warnings,
      file: { ...(file.name !== undefined && { name: file.name }), ...sizes(file) },
      ...others(one),
      ...(failure && { failure }),
      ...(undo && { undo: undoOf(undo, one) }),
    },
  }
}

const timestampsOf = ({ createdAt, updatedAt, startedAt, finishedAt }: Import | Undo) => ({
  created_at: createdAt,
  updated_at: updatedAt,
  ...(startedAt !== undefined && { started_at: startedAt }),
  ...(finishedAt !== undefined && { finished_at: finishedAt }),
})

const undoOf = (undo: Undo, { removed, restored, kept }: Import) => ({
  status: undo.status,
  removed,
  restored,
  kept,
  timestamps: timestampsOf(undo),
  ...(undo.failure && { failure: undo.failure }),
})

const sizes = ({ bytes, lines, sha256 }: Import['file']) => ({ bytes, lines, sha256 })

/** The imports that this one has to do with. */
const others = ({ sameFileAs, rehearsalOf, runAs, fixes, fixedBy }: Import) => ({
  ...(sameFileAs !== undefined && { same_file_as: sameFileAs }),
  ...(rehearsalOf !== undefined && { rehearsal_of: rehearsalOf }),
  ...(runAs !== undefined && { run_as: runAs }),
  ...(fixes !== undefined && { fixes }),
  ...(fixedBy !== undefined && { fixed_by: fixedBy }),
})
