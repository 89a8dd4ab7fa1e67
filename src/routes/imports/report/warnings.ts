import type { App } from '../../../http/app.js'
import { warningsExpired } from '../../../http/errors.js'
import { operation } from '../../../http/operation/operation.js'
import { named } from '../../../http/operation/schemas.js'
import type { Import } from '../../../imports/import.js'
import type { ImportWarningResource } from '../../../imports/resource/schema.js'
import { type ImportWarning, listWarnings } from '../../../imports/warnings/stored.js'
import { warningSentence } from '../../../imports/warnings/warning.js'
import { Type } from '../../../schema/type.js'
import { type Caller, ownerKind } from '../../../tenants/owners.js'
import type { ImportDependencies } from '../dependencies.js'
import { findVisible } from '../find.js'

const schema = operation({
  id: 'listImportWarnings',
  tag: 'Imports',
  summary: "Lists an import's warnings: what is no error and yet would surprise.",
  description:
    'One entry a kind, what most lines have first. Lines are counted that are valid by themselves, whether or not they were imported. At most 100 unknown attributes are named. Warnings are kept as long as errors.',
  ids: { id: 'import' },
  answers: {
    200: {
      description: 'The warnings.',
      schema: Type.Object({ data: Type.Array(named('ImportWarning')) }),
    },
  },
  errors: [400, 404, 410],
})

/** `GET /imports/{id}/warnings` (contract 10) */
export function warningsRoute(app: App, { poolOf }: ImportDependencies): void {
  app.get('/imports/:id/warnings', { schema }, async ({ caller, params }) => {
    const pool = poolOf(caller)
    const found = await findVisible(pool, caller, params.id)
    if (found.expiredAt !== undefined && found.warnings > 0) throw warningsExpired(found.expiredAt)
    const warnings = await listWarnings(pool, found)
    return { data: warnings.map((warning) => warningResource(caller, found, warning)) }
  })
}

function warningResource(
  caller: Caller,
  { ownerId, sameFileAs }: Import,
  warning: ImportWarning,
): ImportWarningResource {
  const { id, code, type, field, lines, first } = warning
  const sentence = warningSentence(warning)
  return {
    id,
    type: 'subscription_import_warning',
    meta: {
      owner: ownerKind(caller, ownerId),
      code,
      field,
      ...(type !== '' && { record_type: type }),
      warning: code === 'same_file' ? `${sentence}, by import ${sameFileAs}` : sentence,
      lines,
      ...(lines > 0 && { first_line_number: first }),
    },
  }
}
