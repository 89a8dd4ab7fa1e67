import type { App } from '../../http/app.js'
import { operation } from '../../http/operation/operation.js'
import { dataOf, schemaName } from '../../http/operation/schemas.js'
import type { RecordType } from '../../records/record-type.js'
import { updateRecord } from '../../records/write/change.js'
import { changesBody, readChangesBody } from './changes-body.js'
import type { RecordDependencies } from './dependencies.js'
import { explained } from './errors.js'
import { writtenRecord } from './resource.js'
import { resourceOf } from './typed.js'

const operationOf = (recordType: RecordType) =>
  operation({
    id: `update${schemaName(recordType.type)}`,
    tag: 'Records',
    summary: `Changes a ${recordType.noun}.`,
    ids: { id: recordType.noun },
    body: changesBody(recordType),
    answers: {
      200: { description: `The ${recordType.noun} as it is now.`, schema: dataOf(resourceOf(recordType)) },
    },
    errors: [400, 403, 404, 409, 413, 415],
  })

/** `PUT /products/{id}` */
export function updateRoute(app: App, { poolOf, recordType, finder }: RecordDependencies): void {
  const { table, type, noun } = recordType

  app.put(`/${table}/:id`, { schema: operationOf(recordType) }, async (request) => {
    const { caller } = request
    const pool = poolOf(caller)
    const id = request.params.id
    const record = await finder.findOwn(caller, id)
    const { attributes, answered } = record
    const seen = { type, id, recordType, attributes, answered: answered?.attributes }
    const changes = readChangesBody(seen, request.body)
    const changed = await explained(noun, updateRecord(pool, recordType, record, changes), 'attributes')
    return { data: await writtenRecord(request, pool, recordType, changed) }
  })
}
