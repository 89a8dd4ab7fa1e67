import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import sql, { raw } from 'sql-template-tag'
import type { Pool } from '../db/pool.js'
import { badRequest, noRoom, notFound, reportExpired, writeConflict } from '../http/errors.js'
import { type FilterAttributes, readFilter } from '../http/filter.js'
import { readImportForm, requireForm } from '../http/form.js'
import { listAnswer, readPage } from '../http/paging.js'
import { readId, requestUrl } from '../http/urls.js'
import type { Import } from '../imports/import.js'
import {
  createImport,
  discard,
  ExternalRefTaken,
  findByExternalRef,
  receiveFile,
} from '../imports/receive.js'
import { allErrors, findImport, type ImportError, listErrors, listImports } from '../imports/report.js'
import { type ScanLimits, UnusableFile } from '../imports/scan.js'
import { type Caller, ownerKind, visibleOwnerIds } from '../tenants/owners.js'
import type { UploadStore } from '../uploads/store.js'
import { importFilterKinds, importOperations } from './import-operations.js'

interface Dependencies {
  readonly pool: Pool
  readonly store: UploadStore
  readonly limits: ScanLimits & { readonly maxUploadBytes: number }
}

/** The Subscriptions Imports API (contract 6). */
export function importRoutes(app: FastifyInstance, { pool, store, limits }: Dependencies): void {
  app.post(
    '/imports',
    { onRequest: requireForm, schema: importOperations.create },
    async (request, reply) => {
      const { ownerId } = request.caller
      const { file, externalRef } = await readImportForm(request.raw, limits.maxUploadBytes, {
        receive: (bytes) => receiveFile(store, limits, bytes).catch(explainUnusable),
        discard: (received) => discard(store, received),
        checkRef: async (ref) => {
          const holder = await findByExternalRef(pool, ownerId, ref)
          if (holder !== undefined) throw refTaken(holder)
        },
      })
      const created = await createImport(pool, store, ownerId, externalRef, file).catch(async (error) => {
        // After any other error nobody knows whether the job was committed, so its file stays. A start removes strays.
        if (!(error instanceof ExternalRefTaken)) throw error
        await discard(store, file)
        throw refTaken(error.importId)
      })
      // The line about the end of the request has the import's id as well.
      reply.log = reply.log.child({ import_id: created.id })
      reply.log.info({ ...created.file, records: created.uploaded }, 'import received')
      return await reply
        .code(201)
        .header('location', `${requestUrl(request).pathname.replace(/\/$/, '')}/${created.id}`)
        .send({ data: importResource(request.caller, created) })
    },
  )

  app.get('/imports', { schema: importOperations.list }, async (request) => {
    const { caller } = request
    const query = request.query as Record<string, unknown>
    const page = readPage(query, caller.pageLength)
    const filter = readFilter(query.filter, importFilters(caller))
    const { total, imports } = await listImports(pool, visibleOwnerIds(caller), page, filter)
    return listAnswer(
      requestUrl(request),
      page,
      total,
      imports.map((one) => importResource(caller, one)),
    )
  })

  app.get('/imports/:id', { schema: importOperations.get }, async (request) => {
    return { data: importResource(request.caller, await find(request.caller, readId(request.params))) }
  })

  app.get('/imports/:id/errors', { schema: importOperations.errors }, async (request, reply) => {
    const { caller } = request
    const found = await find(caller, readId(request.params))
    if (found.expiredAt !== undefined && found.errors > 0) throw reportExpired(found.expiredAt)
    if (acceptsJsonLines(request.headers.accept)) {
      return reply.type('application/jsonl; charset=utf-8').send(Readable.from(errorLines(caller, found)))
    }
    const page = readPage(
      request.query as Record<string, unknown>,
      caller.pageLength,
      Number.MAX_SAFE_INTEGER,
    )
    const errors = await listErrors(pool, found, page)
    const data = errors.map((error) => errorResource(caller, error))
    return listAnswer(requestUrl(request), page, found.errors, data, Number.MAX_SAFE_INTEGER)
  })

  async function find(caller: Caller, id: string): Promise<Import> {
    const found = await findImport(pool, visibleOwnerIds(caller), id)
    if (!found) throw notFound('import')
    return found
  }

  async function* errorLines(caller: Caller, found: Import): AsyncGenerator<string> {
    for await (const batch of allErrors(pool, found)) {
      yield batch.map((error) => `${JSON.stringify(errorResource(caller, error))}\n`).join('')
    }
  }
}

function explainUnusable(error: NodeJS.ErrnoException): never {
  if (error instanceof UnusableFile) throw badRequest(error.message)
  throw error.code === 'ENOSPC' || error.code === 'EDQUOT' ? noRoom() : error
}

const refTaken = (importId: string) =>
  writeConflict('The external_ref is that of another import, which has not failed.', { id: importId })

const acceptsJsonLines = (accept: string | undefined): boolean =>
  (accept ?? '').split(',').some((range) => /^\s*application\/(jsonl|x-ndjson)\s*(;|$)/i.test(range))

function importFilters(caller: Caller): FilterAttributes {
  const attributes: Record<string, FilterAttributes[string]> = {}
  for (const [name, kind] of Object.entries(importFilterKinds)) attributes[name] = { kind, column: raw(name) }
  return {
    ...attributes,
    owner: {
      kind: importFilterKinds.owner,
      column: sql`owner_id`,
      condition: (kinds) =>
        sql`owner_id = any(${visibleOwnerIds(caller).filter((id) => kinds.includes(ownerKind(caller, id)))}::uuid[])`,
    },
  }
}

/** The Import resource (contract 6). What has no value yet is absent. */
function importResource(caller: Caller, one: Import) {
  return {
    id: one.id,
    type: 'subscription_import',
    attributes: { external_ref: one.externalRef, status: one.status },
    meta: {
      owner: ownerKind(caller, one.ownerId),
      timestamps: {
        created_at: one.createdAt,
        updated_at: one.updatedAt,
        started_at: one.startedAt,
        finished_at: one.finishedAt,
      },
      records: { uploaded: one.uploaded, imported: one.imported },
      errors: one.errors,
      file: one.file,
      failure: one.failure,
    },
  }
}

function errorResource(caller: Caller, error: ImportError) {
  return {
    id: error.id,
    type: 'subscription_import_error',
    meta: {
      owner: ownerKind(caller, error.ownerId),
      timestamps: { created_at: error.createdAt, updated_at: error.createdAt },
      error: error.error,
      field: error.field,
      line_number: error.line,
      external_ref: error.externalRef,
    },
  }
}
