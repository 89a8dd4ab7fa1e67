import type { FastifyRequest } from 'fastify'
import { mayBeCommitted } from '../../../db/pool.js'
import type { App } from '../../../http/app.js'
import { isJsonLines } from '../../../http/body/media-types.js'
import type { RequestBody } from '../../../http/body/request-body.js'
import { operation } from '../../../http/operation/operation.js'
import { dataOf, named } from '../../../http/operation/schemas.js'
import { readByHandler } from '../../../http/operation/validation.js'
import { requestUrl } from '../../../http/urls.js'
import type { Import } from '../../../imports/import.js'
import { checkFixed, checkWaiting, findByExternalRef } from '../../../imports/queue/admission.js'
import { createImport } from '../../../imports/receive/create.js'
import { discard, type Received, receiveFile } from '../../../imports/receive/receive.js'
import { Type } from '../../../schema/type.js'
import { importAnswer } from '../answer.js'
import type { ImportDependencies } from '../dependencies.js'
import { importBodies, importParameters } from '../schemas.js'
import { readImportFile } from './file-body.js'
import { readImportForm } from './form.js'
import { requireImportBody } from './import-body.js'
import type { Options } from './options.js'
import { refTaken, refuseImport, refuseUpload } from './refusals.js'

const schema = operation({
  id: 'createImport',
  tag: 'Imports',
  summary: 'Imports a file.',
  description:
    'Responds once the file is safe; then the work starts. Poll the import until its `status` is `success` or `failed`, and then read its errors.',
  query: importParameters,
  bodies: importBodies,
  answers: {
    201: {
      description: 'The import, pending.',
      schema: dataOf(named('Import')),
      headers: { location: Type.String({ description: "The import's path." }) },
    },
  },
  errors: [400, 409, 413, 415],
})

/** `POST /imports` (contract 6). */
export function createRoute(app: App, dependencies: ImportDependencies): void {
  app.post(
    '/imports',
    // The body's media type decides whether the options are in a form or in the query.
    { onRequest: requireImportBody, validatorCompiler: readByHandler, config: { takesFile: true }, schema },
    async (request, reply) => {
      const created = await dependencies.uploadPlaces.within(() => receive(request, dependencies))
      // The log line about the end of the request also has the import's id.
      reply.log = reply.log.child({ import_id: created.id })
      // Without the file's name, which is a person's own text.
      const { bytes, lines, sha256 } = created.file
      reply.log.info({ bytes, lines, sha256, records: created.uploaded }, 'import received')
      return await reply
        .code(201)
        .header('location', `${requestUrl(request).pathname.replace(/\/$/, '')}/${created.id}`)
        .send({ data: importAnswer(request.caller, created) })
    },
  )
}

async function receive(
  { caller, body, headers, query }: FastifyRequest,
  { poolOf, stores, limits }: ImportDependencies,
): Promise<Import> {
  const { ownerId } = caller
  const pool = poolOf(caller)
  const store = stores.current
  await checkWaiting(pool, ownerId, limits.maxWaitingImports).catch(refuseImport)
  const handlers = {
    receive: (bytes: AsyncIterable<Buffer>) =>
      receiveFile(store, limits, bytes).catch((error) => refuseUpload(error, limits)),
    discard: (received: Received) => discard(store, received),
    check: async ({ externalRef, dryRun, fixes }: Options) => {
      await checkFixed(pool, ownerId, fixes).catch(refuseImport)
      if (dryRun || externalRef === undefined) return
      const holder = await findByExternalRef(pool, ownerId, externalRef)
      if (holder !== undefined) throw refTaken(holder)
    },
  }
  const read = isJsonLines(headers['content-type']) ? readImportFile : readImportForm
  const {
    file: received,
    fileName,
    options,
  } = await read(body as RequestBody, query as Record<string, unknown>, limits.maxUploadBytes, handlers)
  const { externalRef } = options
  const { id, file } = received
  const created = { id, ownerId, createdBy: caller.credentialName, externalRef, options, fileName, file }
  return await createImport(pool, store, created, limits.maxWaitingImports).catch(async (error) => {
    // A file that may belong to a committed import stays; if it does not, the worker deletes it later.
    if (!mayBeCommitted(error)) await discard(store, received)
    return refuseImport(error)
  })
}
