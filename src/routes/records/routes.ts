import type { FastifyInstance, FastifyRequest } from 'fastify'
import sql, { raw } from 'sql-template-tag'
import type { PoolOf } from '../../db/owner-pool.js'
import { isAnyOf } from '../../db/ref-key.js'
import type { Downloads } from '../../http/answer/downloads.js'
import { sendJson } from '../../http/answer/json.js'
import { validationError } from '../../http/errors.js'
import { type FilterAttributes, readFilter } from '../../http/filter.js'
import { listAnswer, readPage } from '../../http/paging.js'
import { readId, requestUrl } from '../../http/urls.js'
import { recordTypes } from '../../records/index.js'
import { type HoldingRecord, heldBy, listRecords } from '../../records/read.js'
import { type NamedHolder, namedHolder, namedSnapshots } from '../../records/read-snapshots.js'
import type { RecordType } from '../../records/record-type.js'
import { type Caller, visibleOwnerIds } from '../../tenants/owners.js'
import { recordFinder } from './finder.js'
import { recordOperations } from './operations.js'
import { recordResource, snapshotResources } from './resource.js'
import { snapshotRoutes } from './snapshots.js'
import { writingRoutes } from './write.js'

/** The routes of every record type, derived from its definition (contract 9). */
export function recordRoutes(app: FastifyInstance, poolOf: PoolOf, downloads: Downloads): void {
  for (const recordType of recordTypes) routesOf(app, poolOf, downloads, recordType)
}

const NOTHING: ReadonlySet<string> = new Set()

function routesOf(app: FastifyInstance, poolOf: PoolOf, downloads: Downloads, recordType: RecordType): void {
  const { table, references } = recordType
  const filters = filtersOf(recordType)
  const finder = recordFinder(poolOf, recordType)
  const operations = recordOperations(
    recordType,
    Object.fromEntries(Object.entries(filters).map(([name, { kind }]) => [name, kind])),
  )

  app.get(`/${table}`, { schema: operations.list }, async (request, reply) => {
    const { caller } = request
    const query = request.query as Record<string, unknown>
    const page = readPage(query, caller.pageLength)
    const include = readInclude(query.include, recordType)
    const filter = readFilter(query.filter, filters)
    const ownerIds = visibleOwnerIds(caller)
    const list = { recordType, ownerIds, filter, include }
    const { total, slices } = await listRecords(poolOf(caller), list, page)
    const holders: NamedHolder[] = []
    const data = mapSlices(slices, (record) => {
      if (include.size > 0) holders.push(namedHolder(record))
      return resource(request, record)
    })
    return await sendJson(request, reply, downloads, {
      ...listAnswer(requestUrl(request), page, total, data),
      ...included(caller, include, holders),
    })
  })

  app.get(`/${table}/:id`, { schema: operations.get }, async (request, reply) => {
    const { caller } = request
    const include = readInclude((request.query as Record<string, unknown>).include, recordType)
    const found = await finder.find(caller, readId(request.params))
    const record = await heldBy(poolOf(caller), recordType, found, include)
    return await sendJson(request, reply, downloads, {
      data: resource(request, record),
      ...included(caller, include, [namedHolder(record)]),
    })
  })

  writingRoutes(app, poolOf, recordType, operations, finder, async (request, record) =>
    resource(request, await heldBy(poolOf(request.caller), recordType, record, NOTHING)),
  )
  for (const reference of references) {
    snapshotRoutes(app, { poolOf, downloads, recordType, reference, finder })
  }

  const resource = ({ caller, url }: FastifyRequest, record: HoldingRecord) =>
    recordResource(
      caller,
      recordType,
      record,
      url.startsWith('/v2/') ? '/v2/subscriptions' : '/subscriptions',
    )

  /** @param holders filled by the time that the lists are read */
  function included(caller: Caller, include: ReadonlySet<string>, holders: readonly NamedHolder[]) {
    if (include.size === 0) return {}
    const pool = poolOf(caller)
    const lists = references.flatMap((reference) =>
      include.has(reference.attribute)
        ? [
            [
              reference.attribute,
              snapshotResources(
                { pool, caller, recordType, reference },
                namedSnapshots(pool, reference, holders),
              ),
            ],
          ]
        : [],
    )
    return { included: Object.fromEntries(lists) }
  }
}

async function* mapSlices<From, To>(slices: AsyncIterable<readonly From[]>, map: (item: From) => To) {
  for await (const slice of slices) yield slice.map(map)
}

/** What a list of a type can be filtered by (contract 5). */
function filtersOf({ filters, references }: RecordType): FilterAttributes {
  const attributes: Record<string, FilterAttributes[string]> = {
    id: { kind: 'uuid', column: sql`id` },
    created_at: { kind: 'time', column: sql`created_at` },
    updated_at: { kind: 'time', column: sql`updated_at` },
  }
  for (const [name, kind] of Object.entries(filters)) {
    attributes[name] = { kind, column: raw(name) }
  }
  for (const { attribute, refsAttribute, table } of references) {
    const holds = {
      column: sql`id`,
      condition: (values: readonly string[]) => sql`
        (owner_id, id) in (
          select s.owner_id, s.offering_id from ${raw(table)} s
          where ${isAnyOf(raw('s.external_ref'), values)})`,
    }
    attributes[`${attribute}.external_ref`] = { kind: 'member', ...holds }
    if (refsAttribute !== undefined) attributes[refsAttribute] = { kind: 'members', ...holds }
  }
  return attributes
}

/** Reads `include=products,plans`. @throws HttpError 400 */
function readInclude(given: unknown, { references }: RecordType): ReadonlySet<string> {
  const names = String(given ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
  const known = references.map(({ attribute }) => attribute)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    const takes = known.length > 0 ? `takes ${known.join(', ')}` : 'has nothing to take here'
    throw validationError('', [{ field: 'include', error: `include ${takes}; it has "${unknown}"` }])
  }
  return new Set(names)
}
