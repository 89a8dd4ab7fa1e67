import { JSON_LINES } from '../../../http/answer/accept.js'
import { sendStream } from '../../../http/answer/stream.js'
import type { App } from '../../../http/app.js'
import { operation } from '../../../http/operation/operation.js'
import { rejectedLines } from '../../../imports/report/rejected.js'
import { Type } from '../../../schema/type.js'
import type { ImportDependencies } from '../dependencies.js'
import { findWithWholeReport } from '../find.js'
import { sendFromUpload } from './from-upload.js'

const schema = operation({
  id: 'downloadRejectedLines',
  tag: 'Imports',
  summary: 'Downloads the rejected lines, byte for byte as they were uploaded.',
  description:
    'Ready to be fixed and imported: in order, each line once, whatever the number of its errors. A store does not get those lines of its organization that have a `payment_authority`.',
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
  errors: [400, 404, 410],
})

/** `GET /imports/{id}/rejected` */
export function rejectedRoute(app: App, { poolOf, stores, downloads }: ImportDependencies): void {
  app.get('/imports/:id/rejected', { schema }, async (request, reply) => {
    const { caller, params, query } = request
    const pool = poolOf(caller)
    const found = await findWithWholeReport(pool, caller, params.id)
    const options = { type: JSON_LINES, fileName: `rejected-${found.id}.jsonl` }
    // If there are no errors, the file may be gone.
    if (found.errors === 0) return sendStream(reply, options, nothing)
    downloads.begin(caller, reply)
    return await sendFromUpload(reply, options, stores, found, (reader) =>
      rejectedLines(pool, reader, found, found.ownerId === caller.ownerId, query.line_number),
    )
  })
}

async function* nothing(): AsyncGenerator<never> {}
