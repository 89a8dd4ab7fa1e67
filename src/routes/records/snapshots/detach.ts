import type { App } from '../../../http/app.js'
import { operation } from '../../../http/operation/operation.js'
import { detach } from '../../../records/write/snapshots.js'
import { withArticle } from '../../../text/text.js'
import { explained } from '../errors.js'
import { documentedName } from '../typed.js'
import { idNameOf, pathOf, type SnapshotDependencies } from './dependencies.js'
import { findHeld } from './holding.js'

const operationOf = ({ recordType: { noun }, reference }: SnapshotDependencies, idName: string) =>
  operation({
    id: `detach${documentedName(reference)}`,
    tag: 'Records',
    summary: `Removes a ${reference.to.noun} from ${withArticle(noun)}.`,
    ids: { id: noun, [idName]: `${reference.to.noun} in it, or of its original` },
    answers: { 204: { description: 'It is detached.' } },
    errors: [400, 403, 404, 409, 413, 415],
  })

/** `DELETE /offerings/{id}/products/{product_id}` */
export function detachRoute(app: App, dependencies: SnapshotDependencies): void {
  const { poolOf, reference } = dependencies
  const idName = idNameOf(dependencies)
  const schema = operationOf(dependencies, idName)

  app.delete(`${pathOf(dependencies)}/:${idName}`, { schema }, async ({ caller, params }, reply) => {
    const { id = '', [idName]: snapshotId = '' } = params
    const { holding, snapshot } = await findHeld(dependencies, caller, id, snapshotId)
    await explained(reference.to.noun, detach(poolOf(caller), holding, snapshot))
    return await reply.code(204).send()
  })
}
