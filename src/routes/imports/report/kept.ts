import type { Pool } from '../../../db/pool.js'
import { JSON_LINES } from '../../../http/answer/accept.js'
import { sendStream } from '../../../http/answer/stream.js'
import type { App } from '../../../http/app.js'
import { undoExpired } from '../../../http/errors.js'
import { operation } from '../../../http/operation/operation.js'
import type { Import } from '../../../imports/import.js'
import { keptRecords } from '../../../imports/undo/kept.js'
import { Type } from '../../../schema/type.js'
import type { ImportDependencies } from '../dependencies.js'
import { findVisible } from '../find.js'

const schema = operation({
  id: 'downloadKeptRecords',
  tag: 'Imports',
  summary: 'Downloads the records that the undo of an import has left as they are, with the reason for each.',
  description:
    'One `ImportKept` per record, by line; so far, while the undo runs. Kept as long as the report of the import.',
  ids: { id: 'import' },
  answers: {
    200: {
      description: 'The records.',
      alternatives: { 'application/jsonl': Type.String({ description: 'One `ImportKept` a line.' }) },
      headers: { 'content-disposition': Type.String() },
    },
  },
  errors: [400, 404, 410],
})

/** `GET /imports/{id}/undo/kept` */
export function keptRoute(app: App, { poolOf, downloads }: ImportDependencies): void {
  app.get('/imports/:id/undo/kept', { schema }, async ({ caller, params }, reply) => {
    const pool = poolOf(caller)
    const found = await findVisible(pool, caller, params.id)
    const isAny = Object.values(found.kept).some((count) => count > 0)
    if (found.expiredAt !== undefined && isAny) throw undoExpired(found.expiredAt)
    downloads.begin(caller, reply)
    const options = { type: JSON_LINES, fileName: `kept-${found.id}.jsonl` }
    return sendStream(reply, options, () => keptLines(pool, found))
  })
}

async function* keptLines(pool: Pool, found: Import): AsyncGenerator<string> {
  for await (const batch of keptRecords(pool, found)) {
    yield batch
      .map(({ line, type, id, externalRef, reason, detail }) =>
        JSON.stringify({ line_number: line, type, id, external_ref: externalRef, reason, detail }),
      )
      .map((line) => `${line}\n`)
      .join('')
  }
}
