import type { App } from '../../http/app.js'
import { operation } from '../../http/operation/operation.js'
import { schemaName } from '../../http/operation/schemas.js'
import type { RecordType } from '../../records/record-type.js'
import { deleteRecord } from '../../records/write/change.js'
import type { RecordDependencies } from './dependencies.js'
import { explained } from './errors.js'

const operationOf = ({ type, noun }: RecordType) =>
  operation({
    id: `delete${schemaName(type)}`,
    tag: 'Records',
    summary: `Deletes a ${noun}.`,
    ids: { id: noun },
    answers: { 204: { description: 'It is deleted.' } },
    errors: [400, 403, 404, 409, 413, 415],
  })

/** `DELETE /products/{id}` */
export function deleteRoute(app: App, { poolOf, recordType, finder }: RecordDependencies): void {
  const { table, noun } = recordType

  app.delete(`/${table}/:id`, { schema: operationOf(recordType) }, async ({ caller, params }, reply) => {
    const record = await finder.findOwn(caller, params.id)
    await explained(noun, deleteRecord(poolOf(caller), recordType, record))
    return await reply.code(204).send()
  })
}
