import type { Pool } from '../../../db/pool.js'
import { JSON_LINES } from '../../../http/answer/accept.js'
import { sendStream } from '../../../http/answer/stream.js'
import type { App } from '../../../http/app.js'
import { keepsNoJournal, resultsExpired } from '../../../http/errors.js'
import { operation } from '../../../http/operation/operation.js'
import type { Import } from '../../../imports/import.js'
import { importChanges } from '../../../imports/report/changes.js'
import { keepsJournal } from '../../../imports/terms.js'
import { Type } from '../../../schema/type.js'
import type { ImportDependencies } from '../dependencies.js'
import { findVisible } from '../find.js'

const schema = operation({
  id: 'downloadChanges',
  tag: 'Imports',
  summary: 'Downloads what each line of an import with `on_conflict=update` or `patch` changed.',
  description:
    'One `ImportChange` per imported line, in order; so far, while the import runs. For a dry run, what the import would change. Kept as long as the errors.',
  ids: { id: 'import' },
  answers: {
    200: {
      description: 'The changes.',
      alternatives: { 'application/jsonl': Type.String({ description: 'One `ImportChange` a line.' }) },
      headers: { 'content-disposition': Type.String() },
    },
  },
  errors: [400, 404, 409, 410],
})

/** `GET /imports/{id}/changes` */
export function changesRoute(app: App, { poolOf, downloads }: ImportDependencies): void {
  app.get('/imports/:id/changes', { schema }, async ({ caller, params }, reply) => {
    const pool = poolOf(caller)
    const found = await findVisible(pool, caller, params.id)
    if (!keepsJournal(found.onConflict)) throw keepsNoJournal(found.onConflict)
    if (found.expiredAt !== undefined) throw resultsExpired(found.expiredAt)
    downloads.begin(caller, reply)
    const options = { type: JSON_LINES, fileName: `changes-${found.id}.jsonl` }
    return sendStream(reply, options, () => changeLines(pool, found))
  })
}

async function* changeLines(pool: Pool, found: Import): AsyncGenerator<string> {
  for await (const batch of importChanges(pool, found)) {
    yield batch
      .map(({ line, type, id, externalRef, change, attributes }) =>
        JSON.stringify({ line_number: line, type, id, external_ref: externalRef, change, attributes }),
      )
      .map((line) => `${line}\n`)
      .join('')
  }
}
