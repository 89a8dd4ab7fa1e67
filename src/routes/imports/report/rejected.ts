import { JSON_LINES } from '../../../http/answer/accept.js'
import { sendStream } from '../../../http/answer/stream.js'
import type { App } from '../../../http/app.js'
import { operation } from '../../../http/operation/operation.js'
import { rejectedLines } from '../../../imports/report/rejected.js'
import { Type } from '../../../schema/type.js'
import type { ImportDependencies } from '../dependencies.js'
import { findWithOwnLines } from '../find.js'
import { sendFromUpload } from './from-upload.js'

const schema = operation({
  id: 'downloadRejectedLines',
  tag: 'Imports',
  summary: 'Downloads the rejected lines, byte for byte as they were uploaded.',
  description:
    'Ready to be fixed and imported: in order, each line once, whatever the number of its errors. Only the owner of the import may read them.',
  ids: { id: 'import' },
  query: {
    line_number: Type.Optional(Type.Integer({ minimum: 1, description: 'The only line to return.' })),
  },
  answers: {
    200: {
      description: 'The lines.',
      alternatives: { 'application/jsonl': Type.String({ description: 'The lines.' }) },
      headers: { 'content-disposition': Type.String() },
    },
  },
  errors: [400, 403, 404, 410],
})

/** `GET /imports/{id}/rejected` */
export function rejectedRoute(app: App, { poolOf, store, downloads }: ImportDependencies): void {
  app.get('/imports/:id/rejected', { schema }, async (request, reply) => {
    const { caller, params, query } = request
    const pool = poolOf(caller)
    const found = await findWithOwnLines(pool, caller, params.id)
    const options = { type: JSON_LINES, fileName: `rejected-${found.id}.jsonl` }
    // If there are no errors, the file may be gone.
    if (found.errors === 0) return sendStream(reply, options, nothing)
    downloads.begin(caller, reply)
    return await sendFromUpload(reply, options, store, found, (reader) =>
      rejectedLines(pool, reader, found, query.line_number),
    )
  })
}

async function* nothing(): AsyncGenerator<never> {}
