import type { App } from '../../http/app.js'
import { fileElsewhere, fileExpired, fileGone, writeConflict } from '../../http/errors.js'
import { operation } from '../../http/operation/operation.js'
import { dataOf, named } from '../../http/operation/schemas.js'
import { requestUrl } from '../../http/urls.js'
import type { Import } from '../../imports/import.js'
import { runRehearsal } from '../../imports/receive/run.js'
import { Type } from '../../schema/type.js'
import { UploadMissing } from '../../uploads/store.js'
import { importAnswer } from './answer.js'
import { refuseImport } from './create/refusals.js'
import type { ImportDependencies } from './dependencies.js'
import { findOwn } from './find.js'

const schema = operation({
  id: 'runRehearsal',
  tag: 'Imports',
  summary: 'Runs a rehearsal for real.',
  description:
    'Creates an import of the same file with the same options. It is a new import, with `meta.rehearsal_of`; the rehearsal gets `meta.run_as`. 409 unless the rehearsal has reached its end, and if it was run before: `meta.id` is that import, unless it failed or was undone. Also 409 if the `external_ref` is taken, or while the limit of waiting imports is reached.',
  ids: { id: 'import' },
  answers: {
    201: {
      description: 'The import, pending.',
      schema: dataOf(named('Import')),
      headers: { location: Type.String({ description: "The import's path." }) },
    },
  },
  errors: [400, 403, 404, 409, 410, 413, 415],
})

/** `POST /imports/{id}/run` */
export function runRoute(app: App, { poolOf, stores, limits }: ImportDependencies): void {
  app.post('/imports/:id/run', { schema }, async (request, reply) => {
    const { caller, params, log } = request
    const pool = poolOf(caller)
    const found = await findOwn(pool, caller, params.id)
    const { id, expiredAt } = found
    const refusal = whyNoRun(found)
    if (refusal !== undefined) throw writeConflict(refusal, { id })
    if (expiredAt !== undefined) throw fileExpired(expiredAt)
    const store = stores.of(found.uploadStore)
    if (!store) throw fileElsewhere()
    const created = await runRehearsal(
      pool,
      store,
      found,
      caller.credentialName,
      limits.maxWaitingImports,
    ).catch((error) => {
      if (error instanceof UploadMissing) throw fileGone()
      return refuseImport(error)
    })
    log.info({ import_id: created.id, rehearsal: id }, 'rehearsal run for real')
    return await reply
      .code(201)
      .header('location', requestUrl(request).pathname.replace(`${id}/run`, created.id))
      .send({ data: importAnswer(caller, created) })
  })
}

function whyNoRun({ dryRun, status, progress }: Import): string | undefined {
  if (!dryRun) return 'Only a rehearsal can be run; this import was one for real.'
  if (status === 'pending' || status === 'started') return 'The rehearsal has not ended yet.'
  return progress === 1
    ? undefined
    : 'The rehearsal did not reach its end; post the file again to rehearse it.'
}
