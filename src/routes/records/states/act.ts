import { Type } from 'typebox'
import type { App } from '../../../http/app.js'
import { identityProblems, readData } from '../../../http/body/json.js'
import { writeConflict } from '../../../http/errors.js'
import { operation } from '../../../http/operation/operation.js'
import { dataOf, schemaName } from '../../../http/operation/schemas.js'
import { dataReader } from '../../../http/operation/validation.js'
import { ActionRefused, act } from '../../../records/write/act.js'
import { withArticle } from '../../../text/text.js'
import { explained } from '../errors.js'
import { reject } from '../problems.js'
import { typeOf } from '../schemas.js'
import { actionsOf, type StateDependencies } from './resource.js'

const bodyOf = ({ states }: StateDependencies) =>
  dataOf(Type.Object({ type: typeOf(states), attributes: Type.Object({ action: actionsOf(states) }) }))

const operationOf = (dependencies: StateDependencies) => {
  const { recordType, states } = dependencies
  const actions = Object.keys(states.actions)
  return operation({
    id: `create${schemaName(states.type)}`,
    tag: 'Records',
    summary: `Changes the state of ${withArticle(recordType.noun)}: ${actions.join(', ')}.`,
    description: 'An action that does not fit the state is 409, and changes nothing.',
    ids: { id: recordType.noun },
    body: bodyOf(dependencies),
    answers: { 204: { description: 'It is done.' } },
    errors: [400, 403, 404, 409, 413, 415],
  })
}

/** `POST /subscriptions/{id}/states` */
export function actRoute(app: App, dependencies: StateDependencies): void {
  const { poolOf, recordType, states, finder } = dependencies
  const schema = operationOf(dependencies)
  const read = dataReader(bodyOf(dependencies))

  app.post(`/${recordType.table}/:id/states`, { schema }, async ({ caller, params, body }, reply) => {
    const record = await finder.findOwn(caller, params.id)
    reject(identityProblems(readData(body), states.type))
    const { action } = read(body).attributes
    const done = act(poolOf(caller), recordType, states, record, action)
    await explained(recordType.noun, done).catch((error: unknown) => {
      throw error instanceof ActionRefused ? writeConflict(error.message, {}) : error
    })
    return await reply.code(204).send()
  })
}
