import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { PoolOf } from '../../db/owner-pool.js'
import { identityProblems, readData } from '../../http/body/json.js'
import { validationError } from '../../http/errors.js'
import { readId, requestUrl } from '../../http/urls.js'
import { createRecord, deleteRecord, updateRecord } from '../../records/change.js'
import { readChanges } from '../../records/changes.js'
import type { StoredRecord } from '../../records/read.js'
import type { RecordType } from '../../records/record-type.js'
import { validateRecord } from '../../records/validate.js'
import type { Problem } from '../../schema/problem.js'
import { visibleOwnerIds } from '../../tenants/owners.js'
import { explained } from './errors.js'
import type { RecordFinder } from './finder.js'
import type { recordOperations } from './operations.js'

type Present = (request: FastifyRequest, record: StoredRecord) => Promise<object>

/** `POST`, `PUT` and `DELETE` of a record type, and `POST …/build` where it refers to others (contract 9). */
export function writingRoutes(
  app: FastifyInstance,
  poolOf: PoolOf,
  recordType: RecordType,
  operations: ReturnType<typeof recordOperations>,
  { findOwn }: RecordFinder,
  present: Present,
): void {
  const { table, type, noun, references } = recordType
  // By itself a record that refers to others begins without any; `build` makes it whole.
  const alone = { ...recordType, references: [] }

  app.post(`/${table}`, { schema: operations.create }, async (request, reply) => {
    const data = readData(request.body)
    const { attributes } = data
    reject([
      ...within('', identityProblems(data, type)),
      ...within('attributes', validateRecord(alone, attributes)),
    ])
    return await created(request, reply, alone, attributes as Record<string, unknown>, '')
  })

  if (references.length > 0) {
    app.post(`/${table}/build`, { schema: operations.build }, async (request, reply) => {
      const { type: given, ...attributes } = readData(request.body)
      const typeProblems = given === undefined ? [] : identityProblems({ type: given }, type)
      reject([...within('', typeProblems), ...within('', validateRecord(recordType, attributes))])
      return await created(request, reply, recordType, attributes, '/build')
    })
  }

  app.put(`/${table}/:id`, { schema: operations.update }, async (request) => {
    const id = readId(request.params)
    const record = await findOwn(request.caller, id)
    const data = readData(request.body)
    const { attributes = {} } = data
    const identity = within('', identityProblems(data, type, id))
    const { problems, changes } = readChanges(recordType, record.attributes, attributes)
    reject([...identity, ...within('attributes', problems)])
    const changed = await explained(noun, updateRecord(poolOf(request.caller), recordType, record, changes))
    return { data: await present(request, changed) }
  })

  app.delete(`/${table}/:id`, { schema: operations.remove }, async (request, reply) => {
    const record = await findOwn(request.caller, readId(request.params))
    await explained(noun, deleteRecord(poolOf(request.caller), recordType, record))
    return await reply.code(204).send()
  })

  async function created(
    request: FastifyRequest,
    reply: FastifyReply,
    made: RecordType,
    attributes: Record<string, unknown>,
    routeEnd: string,
  ) {
    const { caller } = request
    const record = await explained(
      noun,
      createRecord(poolOf(caller), made, visibleOwnerIds(caller), attributes),
    )
    const list = requestUrl(request)
      .pathname.replace(/\/$/, '')
      .slice(0, -routeEnd.length || undefined)
    return await reply
      .code(201)
      .header('location', `${list}/${record.id}`)
      .send({ data: await present(request, record) })
  }
}

/** Problems told from the `data` of a body. */
export const within = (path: string, problems: readonly Problem[]): Problem[] =>
  problems.map(({ field, error }) => ({ field: [path, field].filter(Boolean).join('.'), error }))

/** @throws HttpError 400 with every problem, if there are any */
export function reject(problems: readonly Problem[]): void {
  if (problems.length > 0) throw validationError('data', problems)
}
