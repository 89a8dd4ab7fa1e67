import { sendJson } from '../../http/answer/json.js'
import type { App } from '../../http/app.js'
import { operation } from '../../http/operation/operation.js'
import { dataOf, schemaName } from '../../http/operation/schemas.js'
import { heldBy } from '../../records/read/records.js'
import { namedHolder } from '../../records/read/snapshots.js'
import type { RecordType } from '../../records/record-type.js'
import { Type } from '../../schema/type.js'
import type { RecordDependencies } from './dependencies.js'
import { included, includedOf, includeParameter, readInclude } from './include.js'
import { recordResource } from './resource.js'
import { resourceOf } from './typed.js'

const operationOf = (recordType: RecordType) =>
  operation({
    id: `get${schemaName(recordType.type)}`,
    tag: 'Records',
    summary: `Returns one of the ${recordType.table}.`,
    ids: { id: recordType.noun },
    query: includeParameter(recordType),
    answers: {
      200: {
        description: `The ${recordType.noun}.`,
        schema: Type.Object({ ...dataOf(resourceOf(recordType)).properties, ...includedOf(recordType) }),
      },
    },
    errors: [400, 404],
  })

/** `GET /products/{id}` */
export function getRoute(app: App, { poolOf, downloads, recordType, finder }: RecordDependencies): void {
  app.get(`/${recordType.table}/:id`, { schema: operationOf(recordType) }, async (request, reply) => {
    const { caller } = request
    const pool = poolOf(caller)
    const include = readInclude(request.query.include, recordType)
    const found = await finder.find(caller, request.params.id)
    const record = await heldBy(pool, recordType, found, include)
    return await sendJson(request, reply, downloads, {
      data: recordResource(request, recordType, record),
      ...included(pool, caller, recordType, include, [namedHolder(record)]),
    })
  })
}
