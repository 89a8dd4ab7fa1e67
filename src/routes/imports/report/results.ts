import type { Pool } from '../../../db/pool.js'
import { JSON_LINES } from '../../../http/answer/accept.js'
import { sendStream } from '../../../http/answer/stream.js'
import type { App } from '../../../http/app.js'
import { resultsExpired } from '../../../http/errors.js'
import { operation } from '../../../http/operation/operation.js'
import type { Import } from '../../../imports/import.js'
import { importResults } from '../../../imports/report/results.js'
import { keepsJournal } from '../../../imports/terms.js'
import { Type } from '../../../schema/type.js'
import type { ImportDependencies } from '../dependencies.js'
import { findVisible } from '../find.js'

const schema = operation({
  id: 'downloadResults',
  tag: 'Imports',
  summary: 'Downloads the records of the imported lines.',
  description:
    'One `ImportResult` per line, in order. Records that have since been deleted are left out. A dry run has none.',
  ids: { id: 'import' },
  answers: {
    200: {
      description: 'The records.',
      alternatives: { 'application/jsonl': Type.String({ description: 'One `ImportResult` a line.' }) },
      headers: { 'content-disposition': Type.String() },
    },
  },
  errors: [400, 404, 410],
})

/** `GET /imports/{id}/results` */
export function resultsRoute(app: App, { poolOf, downloads }: ImportDependencies): void {
  app.get('/imports/:id/results', { schema }, async ({ caller, params }, reply) => {
    const pool = poolOf(caller)
    const found = await findVisible(pool, caller, params.id)
    if (found.expiredAt !== undefined && keepsJournal(found.onConflict)) throw resultsExpired(found.expiredAt)
    downloads.begin(caller, reply)
    const options = { type: JSON_LINES, fileName: `results-${found.id}.jsonl` }
    return sendStream(reply, options, () => resultLines(pool, found))
  })
}

async function* resultLines(pool: Pool, found: Import): AsyncGenerator<string> {
  for await (const { line, type, id, externalRef } of importResults(pool, found)) {
    yield `${JSON.stringify({ line_number: line, type, id, external_ref: externalRef })}\n`
  }
}
