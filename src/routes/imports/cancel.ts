import type { App } from '../../http/app.js'
import { writeConflict } from '../../http/errors.js'
import { operation } from '../../http/operation/operation.js'
import { endedImport } from '../../imports/events.js'
import { cancelImport } from '../../imports/queue/end.js'
import { importAnswer, importAnswers } from './answer.js'
import type { ImportDependencies } from './dependencies.js'
import { findOwn } from './find.js'

const schema = operation({
  id: 'cancelImport',
  tag: 'Imports',
  summary: 'Cancels an import.',
  description:
    'A waiting import fails at once, a running one before its next chunk. What has been imported stays, and the counts are exact. `meta.failure.reason` is `canceled`.',
  ids: { id: 'import' },
  answers: importAnswers,
  errors: [400, 403, 404, 409, 413, 415],
})

/** `POST /imports/{id}/cancel` */
export function cancelRoute(app: App, { poolOf, emit }: ImportDependencies): void {
  app.post('/imports/:id/cancel', { schema }, async ({ caller, params, log }) => {
    const pool = poolOf(caller)
    const found = await findOwn(pool, caller, params.id)
    const canceled = await cancelImport(pool, found)
    if (!canceled) {
      throw writeConflict('The import has ended; there is nothing to cancel.', { id: found.id })
    }
    emit({ kind: 'ended', ...endedImport(canceled) })
    log.info({ import_id: found.id }, 'import canceled')
    return { data: importAnswer(caller, canceled) }
  })
}
