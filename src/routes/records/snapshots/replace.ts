import { sendJson } from '../../../http/answer/json.js'
import type { App } from '../../../http/app.js'
import { operation } from '../../../http/operation/operation.js'
import { dataOf } from '../../../http/operation/schemas.js'
import { snapshotsWithin } from '../../../records/read/snapshots.js'
import { replace } from '../../../records/write/snapshots.js'
import { Type } from '../../../schema/type.js'
import { withArticle } from '../../../text/text.js'
import { explained } from '../errors.js'
import { snapshotResources } from '../resource.js'
import { documentedName, resourceOf } from '../typed.js'
import { pathOf, type SnapshotDependencies } from './dependencies.js'
import { findHolding, viewOf } from './holding.js'
import { idsBody, idsReader } from './ids-body.js'

const operationOf = ({ recordType: { noun }, reference }: SnapshotDependencies) =>
  operation({
    id: `replace${documentedName(reference)}s`,
    tag: 'Records',
    summary: `Replaces all ${reference.attribute} of ${withArticle(noun)} with these.`,
    ids: { id: noun },
    body: idsBody(reference),
    answers: {
      200: {
        description: `All its ${reference.attribute}.`,
        schema: dataOf(Type.Array(resourceOf(reference))),
      },
    },
    errors: [400, 403, 404, 409, 413, 415],
  })

/** `PUT /offerings/{id}/products/replace` */
export function replaceRoute(app: App, dependencies: SnapshotDependencies): void {
  const { poolOf, downloads, reference } = dependencies
  const { to } = reference
  const readIds = idsReader(reference)
  const schema = operationOf(dependencies)

  app.put(`${pathOf(dependencies)}/replace`, { schema }, async (request, reply) => {
    const { caller, params, body } = request
    downloads.admit(caller)
    const holding = await findHolding(dependencies, caller, params.id)
    const pool = poolOf(caller)
    await explained(to.noun, replace(pool, holding, readIds(body)))
    const all = snapshotsWithin(pool, reference, holding.holder)
    const data = snapshotResources(viewOf(dependencies, caller), all)
    return await sendJson(request, reply, downloads, { data })
  })
}
