import type { App } from '../../http/app.js'
import { writeConflict } from '../../http/errors.js'
import { operation } from '../../http/operation/operation.js'
import type { Import } from '../../imports/import.js'
import { retryImport } from '../../imports/queue/retry.js'
import { importAnswer, importAnswers } from './answer.js'
import { refuseImport } from './create/refusals.js'
import type { ImportDependencies } from './dependencies.js'
import { findOwn, findVisible } from './find.js'

const schema = operation({
  id: 'retryImport',
  tag: 'Imports',
  summary: 'Resumes an import that failed or was canceled.',
  description:
    'It waits for its turn again, and resumes where it stopped: nothing is imported twice. Its `max_errors` no longer applies. Also 409 while the limit of waiting imports is reached.',
  ids: { id: 'import' },
  answers: importAnswers,
  errors: [400, 403, 404, 409, 413, 415],
})

/** `POST /imports/{id}/retry` */
export function retryRoute(app: App, { poolOf, limits }: ImportDependencies): void {
  app.post('/imports/:id/retry', { schema }, async ({ caller, params, log }) => {
    const pool = poolOf(caller)
    const found = await findOwn(pool, caller, params.id)
    const retried = await retryImport(pool, found, limits.maxWaitingImports).catch(refuseImport)
    if (!retried) {
      throw writeConflict(whyNoRetry(await findVisible(pool, caller, found.id)), { id: found.id })
    }
    log.info({ import_id: found.id }, 'import retried')
    return { data: importAnswer(caller, retried) }
  })
}

function whyNoRetry({ status, dryRun, expiredAt, undo }: Import): string {
  if (undo) return 'This import was undone, or its undo has begun; post the file again.'
  if (status !== 'failed')
    return `Only an import that failed or was canceled can be retried; this one is ${status}.`
  if (expiredAt !== undefined) return 'The file is no longer kept; post it again.'
  if (dryRun) return 'A dry run adds nothing, so there is nothing to resume; post the file again.'
  return 'The file was processed to its end and every record rejected; fix its lines and post them again.'
}
