import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../../http/app.js'
import { identityProblems } from '../../http/body/json.js'
import { operation } from '../../http/operation/operation.js'
import { dataOf, schemaName } from '../../http/operation/schemas.js'
import { dataCheckedBy } from '../../http/operation/validation.js'
import { requestUrl } from '../../http/urls.js'
import { isObject, type JsonObject } from '../../json/parse.js'
import type { StoredRecord } from '../../records/read/records.js'
import { type RecordType, withoutReferences } from '../../records/record-type.js'
import { validateRecord } from '../../records/validate.js'
import { createRecord } from '../../records/write/change.js'
import { Creations } from '../../records/write/create-together.js'
import { Type } from '../../schema/type.js'
import { visibleOwnerIds } from '../../tenants/owners.js'
import type { RecordDependencies } from './dependencies.js'
import { explained } from './errors.js'
import { within } from './problems.js'
import { writtenRecord } from './resource.js'
import { wholeAttributes } from './schemas.js'
import { attributesOf, resourceOf, typeOf } from './typed.js'

const answersOf = (recordType: RecordType) => ({
  201: {
    description: `The ${recordType.noun}.`,
    schema: dataOf(resourceOf(recordType)),
    headers: { location: Type.String({ description: "The record's path." }) },
  },
})

const createOperation = (recordType: RecordType) =>
  operation({
    id: `create${schemaName(recordType.type)}`,
    tag: 'Records',
    summary: `Creates a ${recordType.noun}, by the same rules as an import.`,
    body: dataOf(Type.Object({ type: typeOf(recordType), attributes: attributesOf(recordType) })),
    answers: answersOf(recordType),
    errors: [400, 409, 413, 415],
  })

const buildOperation = (recordType: RecordType) =>
  operation({
    id: `build${schemaName(recordType.type)}`,
    tag: 'Records',
    summary: `Creates a ${recordType.noun} together with the records it holds.`,
    body: dataOf(wholeAttributes(recordType, { type: Type.Optional(typeOf(recordType)) })),
    answers: answersOf(recordType),
    errors: [400, 409, 413, 415],
  })

/** `POST /products`. A record that refers to others is created without any; `build` creates it whole. */
export function createRoute(app: App, dependencies: RecordDependencies): void {
  const { recordType } = dependencies
  const { table, type } = recordType
  const alone = withoutReferences(recordType)
  const creations = new Creations(alone)

  const schema = createOperation(recordType)
  const validatorCompiler = dataCheckedBy((data) => [
    ...identityProblems(data, type),
    ...within('attributes', validateRecord(alone, data.attributes)),
  ])

  app.post(`/${table}`, { schema, validatorCompiler }, async (request, reply) => {
    const { attributes } = request.body.data
    const pool = dependencies.poolOf(request.caller)
    const created = creations.create(pool, visibleOwnerIds(request.caller), attributes)
    return await answerCreated(request, reply, dependencies, created, '')
  })
}

const wholeOperation = (recordType: RecordType) =>
  operation({
    id: `create${schemaName(recordType.type)}`,
    tag: 'Records',
    summary: `Creates a ${recordType.noun}, by the same rules as an import.`,
    body: dataOf(
      Type.Union([
        wholeAttributes(recordType, { type: Type.Optional(typeOf(recordType)) }),
        Type.Object({ type: typeOf(recordType), attributes: wholeAttributes(recordType) }),
      ]),
    ),
    answers: answersOf(recordType),
    errors: [400, 409, 413, 415],
  })

/** `POST /subscriptions`: the attributes are in `data` itself, or in its `attributes` (contract 14). */
export function createWholeRoute(app: App, dependencies: RecordDependencies): void {
  const { recordType } = dependencies
  const { table, type } = recordType

  const schema = wholeOperation(recordType)
  const validatorCompiler = dataCheckedBy((data) => [
    ...(data.type === undefined ? [] : identityProblems(data, type)),
    ...(isObject(data.attributes)
      ? within('attributes', validateRecord(recordType, data.attributes))
      : validateRecord(recordType, data)),
  ])

  app.post(`/${table}`, { schema, validatorCompiler }, async (request, reply) => {
    const { data } = request.body as { readonly data: JsonObject }
    const { type: _, attributes, ...flat } = data
    const isNested = isObject(attributes)
    return await create(
      request,
      reply,
      dependencies,
      recordType,
      isNested ? attributes : flat,
      '',
      isNested ? 'attributes' : '',
    )
  })
}

/** `POST /offerings/build` */
export function buildRoute(app: App, dependencies: RecordDependencies): void {
  const { recordType } = dependencies
  const { table, type } = recordType

  const schema = buildOperation(recordType)
  const validatorCompiler = dataCheckedBy((data) => [
    ...(data.type === undefined ? [] : identityProblems(data, type)),
    ...validateRecord(recordType, data),
  ])

  app.post(`/${table}/build`, { schema, validatorCompiler }, async (request, reply) => {
    const { type: _, ...attributes } = request.body.data
    return await create(request, reply, dependencies, recordType, attributes, '/build')
  })
}

/**
 * @param routeEnd the end of the route after the path of the list
 * @param path where in `data` the attributes are
 */
async function create(
  request: FastifyRequest,
  reply: FastifyReply,
  dependencies: RecordDependencies,
  created: RecordType,
  attributes: Record<string, unknown>,
  routeEnd: string,
  path = '',
): Promise<FastifyReply> {
  const { caller } = request
  const record = createRecord(dependencies.poolOf(caller), created, visibleOwnerIds(caller), attributes)
  return await answerCreated(request, reply, dependencies, record, routeEnd, path)
}

async function answerCreated(
  request: FastifyRequest,
  reply: FastifyReply,
  { poolOf, recordType }: RecordDependencies,
  created: Promise<StoredRecord>,
  routeEnd: string,
  path = '',
): Promise<FastifyReply> {
  const record = await explained(recordType.noun, created, path)
  const list = requestUrl(request)
    .pathname.replace(/\/$/, '')
    .slice(0, -routeEnd.length || undefined)
  return await reply
    .code(201)
    .header('location', `${list}/${record.id}`)
    .send({ data: await writtenRecord(request, poolOf(request.caller), recordType, record) })
}
