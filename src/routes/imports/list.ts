import sql, { raw } from 'sql-template-tag'
import type { App } from '../../http/app.js'
import { type AttributeKind, type FilterAttributes, readFilter } from '../../http/lists/filter.js'
import { listAnswer, MAX_OFFSET, pageOf } from '../../http/lists/paging.js'
import { operation } from '../../http/operation/operation.js'
import { filterParameter, listOf, named, pageParameters } from '../../http/operation/schemas.js'
import { requestUrl } from '../../http/urls.js'
import { listImports } from '../../imports/read.js'
import { IMPORT_STATUSES } from '../../imports/terms.js'
import { type Caller, ownerKind, visibleOwnerIds } from '../../tenants/owners.js'
import { importAnswer } from './answer.js'
import type { ImportDependencies } from './dependencies.js'

/** What imports can be filtered by (contract 5). */
const kinds = {
  id: 'uuid',
  external_ref: 'text',
  sha256: 'sha256',
  status: { oneOf: IMPORT_STATUSES },
  owner: { oneOf: ['store', 'organization'] },
  created_at: 'time',
  updated_at: 'time',
  started_at: 'time',
  finished_at: 'time',
} as const satisfies Readonly<Record<string, AttributeKind>>

const schema = operation({
  id: 'listImports',
  tag: 'Imports',
  summary: 'Lists imports, newest first.',
  query: { ...pageParameters(MAX_OFFSET), ...filterParameter(kinds) },
  answers: { 200: { description: 'A page of imports.', schema: listOf(named('Import')) } },
  errors: [400],
})

/** `GET /imports` */
export function listRoute(app: App, { poolOf }: ImportDependencies): void {
  app.get('/imports', { schema }, async (request) => {
    const { caller } = request
    const query = request.query
    const page = pageOf(query, caller.pageLength)
    const filter = readFilter(query.filter, filtersOf(caller))
    const { total, imports } = await listImports(poolOf(caller), visibleOwnerIds(caller), page, filter?.where)
    return listAnswer(
      requestUrl(request),
      page,
      total,
      imports.map((one) => importAnswer(caller, one)),
    )
  })
}

function filtersOf(caller: Caller): FilterAttributes {
  const columns = Object.entries(kinds).map(([name, kind]) => [name, { kind, column: raw(name) }])
  return {
    ...Object.fromEntries(columns),
    sha256: { kind: kinds.sha256, column: raw('file_sha256') },
    owner: {
      kind: kinds.owner,
      column: sql`owner_id`,
      condition: (owners) => {
        const ids = visibleOwnerIds(caller).filter((id) => owners.includes(ownerKind(caller, id)))
        return sql`owner_id = any(${ids}::uuid[])`
      },
    },
  }
}
