import { sendJson } from '../../../http/answer/json.js'
import type { App } from '../../../http/app.js'
import { listAnswer, MAX_OFFSET, pageOf } from '../../../http/lists/paging.js'
import { operation } from '../../../http/operation/operation.js'
import { listOf, pageParameters } from '../../../http/operation/schemas.js'
import { requestUrl } from '../../../http/urls.js'
import { listSnapshots } from '../../../records/read/snapshots.js'
import { withArticle } from '../../../text/text.js'
import { snapshotResources } from '../resource.js'
import { documentedName, resourceOf } from '../typed.js'
import { pathOf, type SnapshotDependencies } from './dependencies.js'
import { viewOf } from './holding.js'

const operationOf = ({ recordType: { noun }, reference }: SnapshotDependencies) =>
  operation({
    id: `list${documentedName(reference)}s`,
    tag: 'Records',
    summary: `Lists the ${reference.attribute} of ${withArticle(noun)}, newest first.`,
    ids: { id: noun },
    query: pageParameters(MAX_OFFSET),
    answers: {
      200: { description: `A page of its ${reference.attribute}.`, schema: listOf(resourceOf(reference)) },
    },
    errors: [400, 404],
  })

/** `GET /offerings/{id}/products` */
export function listRoute(app: App, dependencies: SnapshotDependencies): void {
  const { poolOf, downloads, reference, finder } = dependencies

  app.get(pathOf(dependencies), { schema: operationOf(dependencies) }, async (request, reply) => {
    const { caller } = request
    const page = pageOf(request.query, caller.pageLength)
    const holder = await finder.find(caller, request.params.id)
    const { total, slices } = await listSnapshots(poolOf(caller), reference, holder, page)
    const data = snapshotResources(viewOf(dependencies, caller), slices)
    return await sendJson(request, reply, downloads, listAnswer(requestUrl(request), page, total, data))
  })
}
