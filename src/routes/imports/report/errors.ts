import type { Pool } from '../../../db/pool.js'
import { JSON_LINES, preferredType } from '../../../http/answer/accept.js'
import { sendStream } from '../../../http/answer/stream.js'
import type { App } from '../../../http/app.js'
import { listAnswer, pageOf } from '../../../http/lists/paging.js'
import { operation } from '../../../http/operation/operation.js'
import { listOf, named, pageParameters } from '../../../http/operation/schemas.js'
import { requestUrl } from '../../../http/urls.js'
import type { Import } from '../../../imports/import.js'
import { allErrors, type ImportError, listErrors } from '../../../imports/report/errors.js'
import type { ImportErrorResource } from '../../../imports/resource/schema.js'
import { Type } from '../../../schema/type.js'
import { type Caller, ownerKind } from '../../../tenants/owners.js'
import type { ImportDependencies } from '../dependencies.js'
import { findWithErrors } from '../find.js'

/** The list has no maximum offset: its lines are numbered. */
const MAX_OFFSET = Number.MAX_SAFE_INTEGER

const schema = operation({
  id: 'listImportErrors',
  tag: 'Imports',
  summary: "Lists an import's errors, by line.",
  description:
    'With `Accept: application/jsonl` the whole list streams, one `ImportError` a line, without pages. Some time after the end of an import (30 days unless set) its errors expire; `meta.errors` of the import still says how many there were.',
  ids: { id: 'import' },
  query: pageParameters(MAX_OFFSET),
  answers: {
    200: {
      description: 'A page of errors, or all of them as JSON Lines.',
      schema: listOf(named('ImportError')),
      alternatives: { 'application/jsonl': Type.String({ description: 'One `ImportError` a line.' }) },
    },
  },
  errors: [400, 404, 410],
})

/** The media types of the errors. */
const TYPES = ['application/json', 'application/jsonl', 'application/x-ndjson'] as const

/** `GET /imports/{id}/errors` */
export function errorsRoute(app: App, { poolOf, downloads }: ImportDependencies): void {
  app.get('/imports/:id/errors', { schema }, async (request, reply) => {
    const { caller, params } = request
    const pool = poolOf(caller)
    const found = await findWithErrors(pool, caller, params.id)
    if (preferredType(request, TYPES) !== 'application/json') {
      downloads.begin(caller, reply)
      return sendStream(reply, { type: JSON_LINES }, () => errorLines(pool, caller, found))
    }
    const page = pageOf(request.query, caller.pageLength)
    const errors = await listErrors(pool, found, page)
    const data = errors.map((error) => errorResource(caller, error))
    return listAnswer(requestUrl(request), page, found.errors, data, MAX_OFFSET)
  })
}

async function* errorLines(pool: Pool, caller: Caller, found: Import): AsyncGenerator<string> {
  for await (const batch of allErrors(pool, found)) {
    yield batch.map((error) => `${JSON.stringify(errorResource(caller, error))}\n`).join('')
  }
}

function errorResource(caller: Caller, error: ImportError): ImportErrorResource {
  return {
    id: error.id,
    type: 'subscription_import_error',
    meta: {
      owner: ownerKind(caller, error.ownerId),
      timestamps: { created_at: error.createdAt, updated_at: error.createdAt },
      error: error.error,
      field: error.field,
      line_number: error.line,
      ...(error.externalRef !== undefined && { external_ref: error.externalRef }),
    },
  }
}
