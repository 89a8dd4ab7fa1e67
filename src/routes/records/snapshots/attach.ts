import { sendJson } from '../../../http/answer/json.js'
import type { App } from '../../../http/app.js'
import { operation } from '../../../http/operation/operation.js'
import { dataOf } from '../../../http/operation/schemas.js'
import { snapshotsWithin } from '../../../records/read/snapshots.js'
import { attach } from '../../../records/write/snapshots.js'
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
    id: `attach${documentedName(reference)}s`,
    tag: 'Records',
    summary: `Adds ${reference.attribute} to ${withArticle(noun)}, as they are now.`,
    ids: { id: noun },
    body: idsBody(reference),
    answers: { 200: { description: 'What was added.', schema: dataOf(Type.Array(resourceOf(reference))) } },
    errors: [400, 403, 404, 409, 413, 415],
  })

/** `POST /offerings/{id}/products/attach` */
export function attachRoute(app: App, dependencies: SnapshotDependencies): void {
  const { poolOf, downloads, reference } = dependencies
  const { to } = reference
  const readIds = idsReader(reference)
  const schema = operationOf(dependencies)

  app.post(`${pathOf(dependencies)}/attach`, { schema }, async (request, reply) => {
    const { caller, params, body } = request
    downloads.admit(caller)
    const holding = await findHolding(dependencies, caller, params.id)
    const pool = poolOf(caller)
    const added = await explained(to.noun, attach(pool, holding, readIds(body)))
    const snapshots = snapshotsWithin(pool, reference, holding.holder, added)
    const data = snapshotResources(viewOf(dependencies, caller), snapshots)
    return await sendJson(request, reply, downloads, { data })
  })
}
