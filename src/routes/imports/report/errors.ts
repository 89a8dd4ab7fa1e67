import type { Pool } from '../../../db/pool.js'
import { JSON_LINES, preferredType } from '../../../http/answer/accept.js'
import { sendStream } from '../../../http/answer/stream.js'
import type { App } from '../../../http/app.js'
import { reportTooOld } from '../../../http/errors.js'
import { readFilter } from '../../../http/lists/filter.js'
import { listAnswer, pageOf } from '../../../http/lists/paging.js'
import { operation } from '../../../http/operation/operation.js'
import { filterParameter, listOf, named, pageParameters } from '../../../http/operation/schemas.js'
import { requestUrl } from '../../../http/urls.js'
import type { Import } from '../../../imports/import.js'
import { csvTitles, errorsAsCsv } from '../../../imports/report/csv.js'
import { allErrors, countErrors, type ImportError, listErrors } from '../../../imports/report/errors.js'
import { OldErrors, type SelectedErrors, selectKinds } from '../../../imports/report/select.js'
import type { ImportErrorResource } from '../../../imports/resource/schema.js'
import { Type } from '../../../schema/type.js'
import { type Caller, ownerKind } from '../../../tenants/owners.js'
import type { ImportDependencies } from '../dependencies.js'
import { findWithErrors } from '../find.js'
import { errorFilterAttributes, errorFilters } from './error-filters.js'
import { sendFromUpload } from './from-upload.js'

/** The list has no maximum offset: its lines are numbered. */
const MAX_OFFSET = Number.MAX_SAFE_INTEGER

const schema = operation({
  id: 'listImportErrors',
  tag: 'Imports',
  summary: "Lists an import's errors, by line.",
  description:
    'With `Accept: application/jsonl` the whole list streams, one `ImportError` a line, without pages; with `Accept: text/csv` as a table for a spreadsheet, with the lines as they were uploaded. Some time after the end of an import (30 days unless set) its errors expire; `meta.errors` of the import still says how many there were.',
  ids: { id: 'import' },
  query: { ...pageParameters(MAX_OFFSET), ...filterParameter(errorFilters) },
  answers: {
    200: {
      description: 'A page of errors, or all of them as JSON Lines or as a table.',
      schema: listOf(named('ImportError')),
      alternatives: {
        'application/jsonl': Type.String({ description: 'One `ImportError` a line.' }),
        'text/csv': Type.String({
          description:
            'RFC 4180, in UTF-8 with a byte-order mark: line_number, type, field, code, error, value, external_ref and the line itself, at most 32,767 characters of it; for a store, none of the lines of its organization that have a `payment_authority`. What a spreadsheet would run as a formula begins with an apostrophe.',
        }),
      },
    },
  },
  errors: [400, 404, 410],
})

/** The media types of the errors. */
const TYPES = ['application/json', 'application/jsonl', 'application/x-ndjson', 'text/csv'] as const

const CSV = 'text/csv; charset=utf-8; header=present'

/** `GET /imports/{id}/errors` */
export function errorsRoute(app: App, { poolOf, stores, downloads }: ImportDependencies): void {
  app.get('/imports/:id/errors', { schema }, async (request, reply) => {
    const { caller, params } = request
    const pool = poolOf(caller)
    const found = await findWithErrors(pool, caller, params.id)
    const selected = await selectedBy(pool, found, request.query.filter)
    const type = preferredType(request, TYPES)
    if (type !== 'application/json') downloads.begin(caller, reply)
    if (type === 'text/csv') {
      const options = { type: CSV, fileName: `errors-${found.id}.csv` }
      // If there are no errors, the file may be gone.
      if (found.errors === 0) return sendStream(reply, options, titlesOnly)
      return await sendFromUpload(reply, options, stores, found, (reader) =>
        errorsAsCsv(pool, { reader, isOwn: found.ownerId === caller.ownerId }, found, selected),
      )
    }
    if (type !== 'application/json') {
      return sendStream(reply, { type: JSON_LINES }, () => errorLines(pool, caller, found, selected))
    }
    const page = pageOf(request.query, caller.pageLength)
    const total = await countErrors(pool, found, selected)
    const errors = await listErrors(pool, found, selected, page)
    const data = errors.map((error) => errorResource(caller, error))
    return listAnswer(requestUrl(request), page, total, data, MAX_OFFSET)
  })
}

async function* titlesOnly(): AsyncGenerator<string> {
  yield csvTitles
}

/** @throws HttpError 400; 410 if errors of that age cannot be filtered */
async function selectedBy(pool: Pool, found: Import, given: unknown): Promise<SelectedErrors> {
  const conditions = readFilter(given, errorFilterAttributes)?.conditions ?? []
  return await selectKinds(pool, found, conditions).catch((error: unknown) => {
    throw error instanceof OldErrors ? reportTooOld() : error
  })
}

async function* errorLines(
  pool: Pool,
  caller: Caller,
  found: Import,
  selected: SelectedErrors,
): AsyncGenerator<string> {
  for await (const batch of allErrors(pool, found, selected)) {
    yield batch.map((error) => `${JSON.stringify(errorResource(caller, error))}\n`).join('')
  }
}

function errorResource(caller: Caller, error: ImportError): ImportErrorResource {
  const { type, code, value, externalRef } = error
  return {
    id: error.id,
    type: 'subscription_import_error',
    meta: {
      owner: ownerKind(caller, error.ownerId),
      timestamps: { created_at: error.createdAt, updated_at: error.createdAt },
      ...(code !== undefined && { code }),
      error: error.error,
      field: error.field,
      ...(value !== undefined && { value }),
      line_number: error.line,
      ...(type !== undefined && { record_type: type }),
      ...(externalRef !== undefined && { external_ref: externalRef }),
      ...usedBy(error),
    },
  }
}

function usedBy({ usedBy: holder }: ImportError): Pick<ImportErrorResource['meta'], 'used_by'> {
  if (!holder) return {}
  return { used_by: 'line' in holder ? { line_number: holder.line } : holder }
}
