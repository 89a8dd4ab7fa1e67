import type { App } from '../../../http/app.js'
import { identityProblems, readData } from '../../../http/body/json.js'
import { writeConflict } from '../../../http/errors.js'
import { operation } from '../../../http/operation/operation.js'
import { dataOf, schemaName } from '../../../http/operation/schemas.js'
import { isObject } from '../../../json/parse.js'
import { NO_OBJECT } from '../../../records/validate.js'
import { ActionRefused, act } from '../../../records/write/act.js'
import { compile } from '../../../schema/compile.js'
import { Type } from '../../../schema/type.js'
import { withArticle } from '../../../text/text.js'
import { explained } from '../errors.js'
import { reject, within } from '../problems.js'
import { typeOf } from '../typed.js'
import { actionsOf, type StateDependencies } from './resource.js'

const attributesOf = ({ states }: StateDependencies) => Type.Object({ action: actionsOf(states) })

const bodyOf = (dependencies: StateDependencies) =>
  dataOf(Type.Object({ type: typeOf(dependencies.states), attributes: attributesOf(dependencies) }))

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
  const problemsOf = compile(attributesOf(dependencies))

  app.post(`/${recordType.table}/:id/states`, { schema }, async ({ caller, params, body }, reply) => {
    const record = await finder.findOwn(caller, params.id)
    const data = readData(body)
    const { attributes = {} } = data
    const problems = isObject(attributes) ? problemsOf(attributes) : [NO_OBJECT]
    reject([...identityProblems(data, states.type), ...within('attributes', problems)])
    const { action } = attributes as { readonly action: string }
    const done = act(poolOf(caller), recordType, states, record, action)
    await explained(recordType.noun, done).catch((error: unknown) => {
      throw error instanceof ActionRefused ? writeConflict(error.message, {}) : error
    })
    return await reply.code(204).send()
  })
}
