import type { App } from '../../../http/app.js'
import { notFound } from '../../../http/errors.js'
import { listAnswer, MAX_OFFSET, pageOf } from '../../../http/lists/paging.js'
import { operation } from '../../../http/operation/operation.js'
import { dataOf, listOf, pageParameters, schemaName } from '../../../http/operation/schemas.js'
import { requestUrl } from '../../../http/urls.js'
import { findState, listStates } from '../../../records/read/states.js'
import { withArticle } from '../../../text/text.js'
import { type StateDependencies, stateResource, stateSchema } from './resource.js'

/** `GET /subscriptions/{id}/states` */
export function listStatesRoute(app: App, { poolOf, recordType, states, finder }: StateDependencies): void {
  const { table, noun } = recordType
  const schema = operation({
    id: `list${schemaName(states.type)}s`,
    tag: 'Records',
    summary: `Lists what was done to ${withArticle(noun)}, oldest first.`,
    ids: { id: noun },
    query: pageParameters(MAX_OFFSET),
    answers: { 200: { description: 'A page of it.', schema: listOf(stateSchema(states)) } },
    errors: [400, 404],
  })

  app.get(`/${table}/:id/states`, { schema }, async (request) => {
    const { caller } = request
    const page = pageOf(request.query, caller.pageLength)
    const record = await finder.find(caller, request.params.id)
    const { total, found } = await listStates(poolOf(caller), states, record, page)
    const data = found.map((state) => stateResource(states, caller, record.ownerId, state))
    return listAnswer(requestUrl(request), page, total, data)
  })
}

/** `GET /subscriptions/{id}/states/{state_id}` */
export function getStateRoute(app: App, { poolOf, recordType, states, finder }: StateDependencies): void {
  const { table, noun } = recordType
  const schema = operation({
    id: `get${schemaName(states.type)}`,
    tag: 'Records',
    summary: `Returns one of the things that were done to ${withArticle(noun)}.`,
    ids: { id: noun, state_id: 'state' },
    answers: { 200: { description: 'It.', schema: dataOf(stateSchema(states)) } },
    errors: [400, 404],
  })

  app.get(`/${table}/:id/states/:state_id`, { schema }, async ({ caller, params }) => {
    const { id = '', state_id: stateId = '' } = params
    const record = await finder.find(caller, id)
    const state = await findState(poolOf(caller), states, record, stateId)
    if (!state) throw notFound('state')
    return { data: stateResource(states, caller, record.ownerId, state) }
  })
}
