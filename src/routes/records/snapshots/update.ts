import { sendJson } from '../../../http/answer/json.js'
import type { App } from '../../../http/app.js'
import { operation } from '../../../http/operation/operation.js'
import { dataOf } from '../../../http/operation/schemas.js'
import { updateSnapshot } from '../../../records/write/snapshots.js'
import { withArticle } from '../../../text/text.js'
import { changesBody, readChangesBody } from '../changes-body.js'
import { explained } from '../errors.js'
import { snapshotResource } from '../resource.js'
import { documentedName, resourceOf } from '../typed.js'
import { idNameOf, pathOf, type SnapshotDependencies } from './dependencies.js'
import { findHeld, viewOf } from './holding.js'

const operationOf = ({ recordType: { noun }, reference }: SnapshotDependencies, idName: string) =>
  operation({
    id: `update${documentedName(reference)}`,
    tag: 'Records',
    summary: `Changes a ${reference.to.noun} within ${withArticle(noun)}, and leaves its original alone.`,
    ids: { id: noun, [idName]: `${reference.to.noun} in it, or of its original` },
    body: changesBody(reference),
    answers: { 200: { description: 'It, as it is now.', schema: dataOf(resourceOf(reference)) } },
    errors: [400, 403, 404, 409, 413, 415],
  })

/** `PUT /offerings/{id}/products/{product_id}` */
export function updateRoute(app: App, dependencies: SnapshotDependencies): void {
  const { poolOf, downloads, reference } = dependencies
  const { to, type } = reference
  const idName = idNameOf(dependencies)
  const schema = operationOf(dependencies, idName)

  app.put(`${pathOf(dependencies)}/:${idName}`, { schema }, async (request, reply) => {
    const { caller, params, body } = request
    const { id = '', [idName]: snapshotId = '' } = params
    const { holding, snapshot } = await findHeld(dependencies, caller, id, snapshotId)
    const { attributes } = snapshot
    const changes = readChangesBody({ type, id: snapshotId, recordType: to, attributes }, body)
    const changed = await explained(to.noun, updateSnapshot(poolOf(caller), holding, snapshot, changes))
    const resource = await snapshotResource(viewOf(dependencies, caller), changed)
    return await sendJson(request, reply, downloads, { data: resource })
  })
}
