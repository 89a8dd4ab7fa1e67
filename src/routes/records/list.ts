import { JSON_LINES, preferredType } from '../../http/answer/accept.js'
import { sendJson } from '../../http/answer/json.js'
import { inPieces } from '../../http/answer/pieces.js'
import { sendStream } from '../../http/answer/stream.js'
import type { App } from '../../http/app.js'
import { type FilterAttributes, readFilter } from '../../http/lists/filter.js'
import { listAnswer, MAX_OFFSET, pageOf } from '../../http/lists/paging.js'
import { operation } from '../../http/operation/operation.js'
import { filterParameter, listOf, pageParameters, schemaName } from '../../http/operation/schemas.js'
import { requestUrl } from '../../http/urls.js'
import { oneOf } from '../../records/attribute-kinds.js'
import { exportLines } from '../../records/export/lines.js'
import { listRecords, listTextRows } from '../../records/read/records.js'
import { type NamedHolder, namedHolder } from '../../records/read/snapshots.js'
import type { RecordType } from '../../records/record-type.js'
import { Type } from '../../schema/type.js'
import { visibleOwnerIds } from '../../tenants/owners.js'
import type { RecordDependencies } from './dependencies.js'
import { filtersOf } from './filters.js'
import { included, includedOf, includeParameter, readInclude } from './include.js'
import { recordResource, resourceWriter } from './resource.js'
import { resourceOf } from './typed.js'

const EXPORTED = [
  'With `Accept: application/jsonl` all that match and belong to the caller itself stream, without pages, the oldest',
  'first, as lines of an import file: what they refer to is named by its `external_ref` where that leads to it, and',
  'else written inline. Attributes that no other answer has, such as `payment_authority`, are exported.',
].join(' ')

const INLINE = {
  inline: Type.Optional(
    oneOf(
      ['false', 'true'],
      'Of an export: whether all that a record holds is written inline, as it holds it, and nothing is named.',
    ),
  ),
}

/** The media types of a list: JSON Lines are an export. */
const TYPES = ['application/json', 'application/jsonl', 'application/x-ndjson'] as const

const operationOf = (recordType: RecordType, filters: FilterAttributes) =>
  operation({
    id: `list${schemaName(recordType.type)}s`,
    tag: 'Records',
    summary: `Lists ${recordType.table}, newest first, or exports them.`,
    description: EXPORTED,
    query: {
      ...pageParameters(MAX_OFFSET),
      ...filterParameter(Object.fromEntries(Object.entries(filters).map(([name, { kind }]) => [name, kind]))),
      ...includeParameter(recordType),
      ...INLINE,
    },
    answers: {
      200: {
        description: `A page of ${recordType.table}, or the caller's own as lines of an import file.`,
        schema: listOf(resourceOf(recordType), includedOf(recordType)),
        alternatives: { 'application/jsonl': Type.String({ description: 'Lines of an import file.' }) },
      },
    },
    errors: [400],
  })

/** `GET /products` */
export function listRoute(app: App, { poolOf, downloads, recordType }: RecordDependencies): void {
  const filters = filtersOf(recordType)
  const write = resourceWriter(recordType)

  app.get(`/${recordType.table}`, { schema: operationOf(recordType, filters) }, async (request, reply) => {
    const { caller } = request
    const pool = poolOf(caller)
    const { query } = request
    const page = pageOf(query, caller.pageLength)
    const include = readInclude(query.include, recordType)
    const filter = readFilter(query.filter, filters)
    const ownerIds = visibleOwnerIds(caller)
    if (preferredType(request, TYPES) !== 'application/json') {
      downloads.begin(caller, reply)
      const exported = { recordType, ownerIds, filter, inline: query.inline === 'true' }
      return sendStream(reply, { type: JSON_LINES }, () => inPieces(exportLines(pool, exported)))
    }
    const wanted = { recordType, ownerIds, filter, include }
    if (write) {
      const { total, slices } = await listTextRows(pool, wanted, page)
      const data = mapSlices(slices, (row) => write(request, row))
      return await sendJson(request, reply, downloads, listAnswer(requestUrl(request), page, total, data))
    }
    const { total, slices } = await listRecords(pool, wanted, page)
    const holders: NamedHolder[] = []
    const data = mapSlices(slices, (record) => {
      if (include.size > 0) holders.push(namedHolder(record))
      return recordResource(request, recordType, record)
    })
    return await sendJson(request, reply, downloads, {
      ...listAnswer(requestUrl(request), page, total, data),
      ...included(pool, caller, recordType, include, holders),
    })
  })
}

async function* mapSlices<From, To>(slices: AsyncIterable<readonly From[]>, map: (item: From) => To) {
  for await (const slice of slices) yield slice.map(map)
}
