import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { PoolOf } from '../../db/owner-pool.js'
import type { Downloads } from '../../http/answer/downloads.js'
import { sendJson } from '../../http/answer/json.js'
import { identityProblems, readData } from '../../http/body/json.js'
import { notFound, validationError } from '../../http/errors.js'
import { listAnswer, readPage } from '../../http/paging.js'
import { readId, requestUrl } from '../../http/urls.js'
import { readChanges } from '../../records/changes.js'
import {
  findSnapshot,
  listSnapshots,
  type StoredSnapshot,
  snapshotsWithin,
} from '../../records/read-snapshots.js'
import type { RecordType, Reference } from '../../records/record-type.js'
import { attach, detach, type Holding, replace, updateSnapshot } from '../../records/snapshots.js'
import { MAX_SNAPSHOTS, tooManyElements } from '../../records/validate.js'
import type { Problem } from '../../schema/problem.js'
import { UUID_PATTERN } from '../../schema/uuid.js'
import { type Caller, visibleOwnerIds } from '../../tenants/owners.js'
import { explained } from './errors.js'
import type { RecordFinder } from './finder.js'
import { type SnapshotView, snapshotResource, snapshotResources } from './resource.js'
import { snapshotOperations } from './snapshot-operations.js'
import { reject, within } from './write.js'

interface Dependencies {
  readonly poolOf: PoolOf
  readonly downloads: Downloads
  readonly recordType: RecordType
  readonly reference: Reference
  readonly finder: RecordFinder
}

/** What a record holds by one of its lists of references: `offerings/{id}/products` (contract 9). */
export function snapshotRoutes(
  app: FastifyInstance,
  { poolOf, downloads, recordType, reference, finder: { find, findOwn } }: Dependencies,
): void {
  const { attribute, to } = reference
  const path = `/${recordType.table}/:id/${attribute}`
  const oneParameter = `${to.noun}_id`
  const operations = snapshotOperations(recordType, reference, oneParameter)

  app.get(path, { schema: operations.list }, async (request, reply) => {
    const { caller } = request
    const page = readPage(request.query as Record<string, unknown>, caller.pageLength)
    const holder = await find(caller, readId(request.params))
    const { total, slices } = await listSnapshots(poolOf(caller), reference, holder, page)
    const data = snapshotResources(viewOf(caller), slices)
    return await sendJson(request, reply, downloads, listAnswer(requestUrl(request), page, total, data))
  })

  app.post(`${path}/attach`, { schema: operations.attach }, async (request, reply) => {
    const { caller } = request
    downloads.admit(caller)
    const holding = await holdingOf(request)
    const pool = poolOf(caller)
    const added = await explained(to.noun, attach(pool, holding, readIds(request.body, attribute)))
    const snapshots = snapshotsWithin(pool, reference, holding.holder, added)
    return await sendJson(request, reply, downloads, { data: snapshotResources(viewOf(caller), snapshots) })
  })

  if (reference.replaceable) {
    app.put(`${path}/replace`, { schema: operations.replace }, async (request, reply) => {
      const { caller } = request
      downloads.admit(caller)
      const holding = await holdingOf(request)
      const pool = poolOf(caller)
      await explained(to.noun, replace(pool, holding, readIds(request.body, attribute)))
      const all = snapshotsWithin(pool, reference, holding.holder)
      return await sendJson(request, reply, downloads, { data: snapshotResources(viewOf(caller), all) })
    })
  }

  app.put(`${path}/:${oneParameter}`, { schema: operations.update }, async (request) => {
    const { holding, snapshot } = await held(request)
    const data = readData(request.body)
    const { attributes = {} } = data
    const identity = within('', identityProblems(data, reference.type, readId(request.params, oneParameter)))
    const { problems, changes } = readChanges(to, snapshot.attributes, attributes)
    reject([...identity, ...within('attributes', problems)])
    const changed = await explained(
      to.noun,
      updateSnapshot(poolOf(request.caller), holding, snapshot, changes),
    )
    return { data: await snapshotResource(viewOf(request.caller), changed) }
  })

  app.delete(`${path}/:${oneParameter}`, { schema: operations.detach }, async (request, reply) => {
    const { holding, snapshot } = await held(request)
    await explained(to.noun, detach(poolOf(request.caller), holding, snapshot))
    return await reply.code(204).send()
  })

  async function holdingOf({ caller, params }: FastifyRequest): Promise<Holding> {
    const holder = await findOwn(caller, readId(params))
    return { recordType, reference, holder, visibleOwnerIds: visibleOwnerIds(caller) }
  }

  async function held(request: FastifyRequest): Promise<{ holding: Holding; snapshot: StoredSnapshot }> {
    const id = readId(request.params, oneParameter)
    const holding = await holdingOf(request)
    const snapshot = await findSnapshot(poolOf(request.caller), reference, holding.holder, id)
    if (!snapshot) throw notFound(to.noun)
    return { holding, snapshot }
  }

  function viewOf(caller: Caller): SnapshotView {
    return { pool: poolOf(caller), caller, recordType, reference }
  }
}

/** Reads `{"data": {"products": [uuid, …]}}`, one at least. @throws HttpError 400 */
function readIds(body: unknown, attribute: string): string[] {
  const ids = readData(body)[attribute]
  if (!Array.isArray(ids)) {
    const error = ids === undefined ? `"${attribute}" is required` : `${attribute} must be a list`
    throw rejected([{ field: attribute, error }])
  }
  if (ids.length > MAX_SNAPSHOTS) throw rejected([{ field: attribute, error: tooManyElements(attribute) }])
  const problems = ids.flatMap((id: unknown, index): Problem[] => {
    const field = `${attribute}[${index}]`
    return typeof id === 'string' && UUID_PATTERN.test(id)
      ? []
      : [{ field, error: `${field} must be a UUID` }]
  })
  if (ids.length === 0) problems.push({ field: attribute, error: `${attribute} must have at least one id` })
  if (problems.length > 0) throw rejected(problems)
  return ids.map((id: string) => id.toLowerCase())
}

const rejected = (problems: readonly Problem[]) => validationError('data', problems)
