import { Type } from 'typebox'
import type { AttributeKind } from '../../http/filter.js'
import { operation } from '../../http/operation.js'
import { MAX_OFFSET } from '../../http/paging.js'
import { dataOf, filterParameter, listOf, named, pageParameters } from '../../http/schemas.js'
import { IMPORT_STATUSES } from '../../imports/import.js'
import { MAX_KINDS } from '../../imports/report/errors.js'
import { importBodies, importParameters } from './schemas.js'

/** What imports can be filtered by (contract 5). */
export const importFilterKinds = {
  id: 'uuid',
  external_ref: 'text',
  status: { oneOf: IMPORT_STATUSES },
  owner: { oneOf: ['store', 'organization'] },
  created_at: 'time',
  updated_at: 'time',
  started_at: 'time',
  finished_at: 'time',
} as const satisfies Readonly<Record<string, AttributeKind>>

const tag = 'Imports'
const ids = { id: 'import' }

/** The documentation of the imports' routes. */
export const importOperations = {
  create: operation({
    id: 'createImport',
    tag,
    summary: 'Imports a file.',
    description:
      'Answers once the file is safe; the work begins then. Read the import until its `status` is `success` or `failed`, and then its errors.',
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
  }),
  list: operation({
    id: 'listImports',
    tag,
    summary: 'Lists imports, newest first.',
    query: { ...pageParameters(MAX_OFFSET), ...filterParameter(importFilterKinds) },
    answers: { 200: { description: 'A page of imports.', schema: listOf(named('Import')) } },
    errors: [400],
  }),
  get: operation({
    id: 'getImport',
    tag,
    summary: 'Answers an import.',
    ids,
    answers: { 200: { description: 'The import.', schema: dataOf(named('Import')) } },
    errors: [400, 404],
  }),
  errors: operation({
    id: 'listImportErrors',
    tag,
    summary: "Lists an import's errors, by line.",
    description:
      'With `Accept: application/jsonl` the whole list streams, one `ImportError` a line, without pages. Some time after the end of an import (30 days unless set) its errors expire; `meta.errors` of the import still says how many there were.',
    ids,
    query: pageParameters(Number.MAX_SAFE_INTEGER),
    answers: {
      200: {
        description: 'A page of errors; or all of them, as JSON Lines.',
        schema: listOf(named('ImportError')),
        alternatives: {
          'application/jsonl': Type.String({ description: 'One `ImportError` a line.' }),
        },
      },
    },
    errors: [400, 404, 410],
  }),
  errorKinds: operation({
    id: 'listImportErrorKinds',
    tag,
    summary: "Sums up an import's errors by kind, the most frequent first.",
    description:
      'Errors that say the same but for names, places and numbers are of one kind. At most 100 kinds are answered.',
    ids,
    answers: {
      200: {
        description: 'The kinds.',
        schema: Type.Object({ data: Type.Array(named('ImportErrorKind'), { maxItems: MAX_KINDS }) }),
      },
    },
    errors: [400, 404, 410],
  }),
  rejected: operation({
    id: 'downloadRejectedLines',
    tag,
    summary: 'Downloads the rejected lines, byte for byte as they were uploaded.',
    description: 'Ready to be mended and imported: by line, each once, whatever the number of its errors.',
    ids,
    query: {
      line_number: Type.Optional(
        Type.Integer({ minimum: 1, description: 'The only line that is asked for.' }),
      ),
    },
    answers: {
      200: {
        description: 'The lines.',
        alternatives: { 'application/jsonl': Type.String({ description: 'The lines.' }) },
        headers: { 'content-disposition': Type.String() },
      },
    },
    errors: [400, 404, 410],
  }),
  results: operation({
    id: 'downloadResults',
    tag,
    summary: 'Downloads what became of the imported lines.',
    description:
      'By line, an `ImportResult` each. Records that were deleted since are left out. Of a rehearsal there are none.',
    ids,
    answers: {
      200: {
        description: 'The records.',
        alternatives: { 'application/jsonl': Type.String({ description: 'One `ImportResult` a line.' }) },
        headers: { 'content-disposition': Type.String() },
      },
    },
    errors: [400, 404, 410],
  }),
  cancel: operation({
    id: 'cancelImport',
    tag,
    summary: 'Cancels an import.',
    description:
      'One that waits fails at once, one that runs before its next chunk. What had been imported stays, and the counts are exact. `meta.failure.reason` is `canceled`.',
    ids,
    answers: { 200: { description: 'The import.', schema: dataOf(named('Import')) } },
    errors: [400, 403, 404, 409],
  }),
  retry: operation({
    id: 'retryImport',
    tag,
    summary: 'Goes on with an import that failed or was canceled.',
    description:
      'It waits its turn again, and goes on from where it stopped: nothing is imported twice. 409 also while as many imports wait as may.',
    ids,
    answers: { 200: { description: 'The import.', schema: dataOf(named('Import')) } },
    errors: [400, 403, 404, 409],
  }),
}
