import type { App } from '../../../http/app.js'
import { operation } from '../../../http/operation/operation.js'
import { named } from '../../../http/operation/schemas.js'
import { type ErrorKind, listErrorKinds, MAX_KINDS } from '../../../imports/report/kinds.js'
import type { ImportErrorKindResource } from '../../../imports/resource/schema.js'
import { Type } from '../../../schema/type.js'
import type { ImportDependencies } from '../dependencies.js'
import { findWithWholeReport } from '../find.js'

const schema = operation({
  id: 'listImportErrorKinds',
  tag: 'Imports',
  summary: "Sums up an import's errors by kind, the most frequent first.",
  description:
    'Errors that are the same apart from names, places and numbers are of one kind. At most 100 kinds are returned.',
  ids: { id: 'import' },
  answers: {
    200: {
      description: 'The kinds.',
      schema: Type.Object({ data: Type.Array(named('ImportErrorKind'), { maxItems: MAX_KINDS }) }),
    },
  },
  errors: [400, 404, 410],
})

/** `GET /imports/{id}/errors/kinds` */
export function errorKindsRoute(app: App, { poolOf }: ImportDependencies): void {
  app.get('/imports/:id/errors/kinds', { schema }, async ({ caller, params }) => {
    const pool = poolOf(caller)
    const found = await findWithWholeReport(pool, caller, params.id)
    const kinds = await listErrorKinds(pool, found)
    return { data: kinds.map(errorKindResource) }
  })
}

function errorKindResource({ id, code, field, error, lines, firstLine }: ErrorKind): ImportErrorKindResource {
  return {
    id,
    type: 'subscription_import_error_kind',
    meta: { ...(code !== undefined && { code }), field, error, lines, first_line_number: firstLine },
  }
}
