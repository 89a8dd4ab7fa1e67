import type { App } from '../../http/app.js'
import { type HttpError, undoExpired, writeConflict } from '../../http/errors.js'
import { operation } from '../../http/operation/operation.js'
import { dataOf, named } from '../../http/operation/schemas.js'
import type { Import } from '../../imports/import.js'
import type { UndoPreviewResource } from '../../imports/resource/schema.js'
import { previewUndo, type UndoCounts } from '../../imports/undo/preview.js'
import { requestUndo, type WhyNoUndo, whyNoUndo } from '../../imports/undo/request.js'
import { oneOf } from '../../records/attribute-kinds.js'
import { Type } from '../../schema/type.js'
import { importAnswer } from './answer.js'
import { refuseImport } from './create/refusals.js'
import type { ImportDependencies } from './dependencies.js'
import { findOwn } from './find.js'

const schema = operation({
  id: 'undoImport',
  tag: 'Imports',
  summary: 'Takes an import back.',
  description:
    'The records that it added are removed, and those that it changed get the values back that they had before; except those that were changed since, or that something else holds by now: these stay, and are listed by `undo/kept`. ' +
    'The undo waits for its turn like an import; `meta.undo` of the import shows its progress. An undo that failed is resumed. ' +
    '409 for an import that has not ended, a rehearsal, or an import that was undone; also while the limit of waiting imports is reached. 410 once the report of the import has expired.',
  ids: { id: 'import' },
  query: {
    dry_run: Type.Optional(
      oneOf(['false', 'true'], 'Whether only to count what would become of the records; nothing is changed.'),
    ),
  },
  answers: {
    200: { description: 'With `dry_run=true`: the counts.', schema: dataOf(named('ImportUndoPreview')) },
    202: { description: 'The import; its undo is pending.', schema: dataOf(named('Import')) },
  },
  errors: [400, 403, 404, 409, 410, 413, 415],
})

/** `POST /imports/{id}/undo` (contract 12). */
export function undoRoute(app: App, { poolOf, limits }: ImportDependencies): void {
  app.post('/imports/:id/undo', { schema }, async ({ caller, params, query, log }, reply) => {
    const pool = poolOf(caller)
    const found = await findOwn(pool, caller, params.id)
    if (query.dry_run === 'true') {
      const why = whyNoUndo(found)
      if (why) throw refusal(why, found)
      return { data: previewResource(await previewUndo(pool, found)) }
    }
    const undone = await requestUndo(pool, found, limits.maxWaitingImports).catch(refuseImport)
    if (typeof undone === 'string') throw refusal(undone, found)
    log.info({ import_id: found.id }, 'undo requested')
    return reply.code(202).send({ data: importAnswer(caller, undone) })
  })
}

const previewResource = ({ removed, restored, kept }: UndoCounts): UndoPreviewResource => ({
  type: 'subscription_import_undo',
  meta: { dry_run: true, removed, restored, kept },
})

const REFUSALS = {
  unfinished: 'The import has not ended; cancel it first, or wait for its end.',
  'dry run': 'A rehearsal has added nothing, so there is nothing to undo.',
  undone: 'This import was undone already, or is being undone.',
} as const satisfies Record<Exclude<WhyNoUndo, 'expired'>, string>

function refusal(why: WhyNoUndo, { id, expiredAt = '' }: Import): HttpError {
  return why === 'expired' ? undoExpired(expiredAt) : writeConflict(REFUSALS[why], { id })
}
