import type { FastifyInstance, FastifyRequest } from 'fastify'
import sql, { raw } from 'sql-template-tag'
import { isTimeout } from '../../db/errors.js'
import type { PoolOf } from '../../db/owner-pool.js'
import type { Pool } from '../../db/pool.js'
import { preferredType } from '../../http/answer/accept.js'
import type { Downloads } from '../../http/answer/downloads.js'
import { sendStream } from '../../http/answer/stream.js'
import { isJsonLines } from '../../http/body/media-types.js'
import type { RequestBody } from '../../http/body/request-body.js'
import {
  badRequest,
  contentTooLarge,
  fileGone,
  noRoom,
  notFound,
  permissionDenied,
  reportExpired,
  reportTooOld,
  resultsExpired,
  tooManyRequests,
  validationError,
  writeConflict,
} from '../../http/errors.js'
import { type FilterAttributes, readFilter } from '../../http/filter.js'
import { listAnswer, readPage } from '../../http/paging.js'
import { readId, requestUrl } from '../../http/urls.js'
import type { ImportEvent } from '../../imports/events.js'
import { endedImport } from '../../imports/events.js'
import { UnpacksToTooMuch } from '../../imports/file/decompress.js'
import type { Import } from '../../imports/import.js'
import { cancelImport } from '../../imports/queue/end.js'
import { retryImport } from '../../imports/queue/retry.js'
import {
  checkWaiting,
  createImport,
  discard,
  ExternalRefTaken,
  findByExternalRef,
  type Received,
  receiveFile,
  TooManyWaiting,
} from '../../imports/receive/receive.js'
import { type ScanLimits, UnusableFile } from '../../imports/receive/scan.js'
import {
  allErrors,
  type ErrorKind,
  findImport,
  type ImportError,
  listErrorKinds,
  listErrors,
  listImports,
} from '../../imports/report/errors.js'
import { rejectedLines } from '../../imports/report/rejected.js'
import { importResults } from '../../imports/report/results.js'
import { importResource } from '../../imports/resource.js'
import { type Caller, ownerKind, visibleOwnerIds } from '../../tenants/owners.js'
import { UploadMissing, type UploadReader, type UploadStore } from '../../uploads/store.js'
import { readImportFile, readImportForm, requireImportBody } from './form.js'
import { importFilterKinds, importOperations } from './operations.js'
import type { Options } from './options.js'

interface Dependencies {
  readonly poolOf: PoolOf
  readonly downloads: Downloads
  readonly store: UploadStore
  readonly limits: UploadLimits
  /** Counts what happened to an import. */
  readonly emit: (event: ImportEvent) => void
}

interface UploadLimits extends ScanLimits {
  readonly maxUploadBytes: number
  readonly maxUploads: number
  readonly maxWaitingImports: number
}

/** When to come again where there are too many uploads: one may be through any moment, or in an hour. */
const RETRY_SECONDS = 5

/** The Subscriptions Imports API (contract 6). */
export function importRoutes(
  app: FastifyInstance,
  { poolOf, downloads, store, limits, emit }: Dependencies,
): void {
  let uploads = 0

  app.post(
    '/imports',
    { onRequest: requireImportBody, config: { takesFile: true }, schema: importOperations.create },
    async (request, reply) => {
      if (uploads >= limits.maxUploads) throw tooManyUploads(limits.maxUploads)
      uploads += 1
      const created = await receive(request).finally(() => {
        uploads -= 1
      })
      // The line about the end of the request has the import's id as well.
      reply.log = reply.log.child({ import_id: created.id })
      reply.log.info({ ...created.file, records: created.uploaded }, 'import received')
      return await reply
        .code(201)
        .header('location', `${requestUrl(request).pathname.replace(/\/$/, '')}/${created.id}`)
        .send({ data: importAnswer(request.caller, created) })
    },
  )

  async function receive({ caller, body, headers, query }: FastifyRequest): Promise<Import> {
    const { ownerId } = caller
    const pool = poolOf(caller)
    await checkWaiting(pool, ownerId, limits.maxWaitingImports).catch(explainRefused)
    const handlers = {
      receive: (bytes: AsyncIterable<Buffer>) =>
        receiveFile(store, limits, bytes).catch((error) => explainUnusable(error, limits)),
      discard: (received: Received) => discard(store, received),
      check: async ({ externalRef, dryRun }: Options) => {
        if (dryRun || externalRef === undefined) return
        const holder = await findByExternalRef(pool, ownerId, externalRef)
        if (holder !== undefined) throw refTaken(holder)
      },
    }
    const read = isJsonLines(headers['content-type']) ? readImportFile : readImportForm
    const { file, options } = await read(
      body as RequestBody,
      query as Record<string, unknown>,
      limits.maxUploadBytes,
      handlers,
    )
    const { externalRef } = options
    return await createImport(
      pool,
      store,
      ownerId,
      externalRef,
      options,
      file,
      limits.maxWaitingImports,
    ).catch(async (error) => {
      // After any other error nobody knows whether the job was committed, so its file stays. A start removes strays.
      const isUndone =
        error instanceof ExternalRefTaken || error instanceof TooManyWaiting || isTimeout(error)
      if (isUndone) await discard(store, file)
      return explainRefused(error)
    })
  }

  app.get('/imports', { schema: importOperations.list }, async (request) => {
    const { caller } = request
    const query = request.query as Record<string, unknown>
    const page = readPage(query, caller.pageLength)
    const filter = readFilter(query.filter, importFilters(caller))
    const { total, imports } = await listImports(poolOf(caller), visibleOwnerIds(caller), page, filter)
    return listAnswer(
      requestUrl(request),
      page,
      total,
      imports.map((one) => importAnswer(caller, one)),
    )
  })

  app.get('/imports/:id', { schema: importOperations.get }, async (request) => {
    return { data: importAnswer(request.caller, await find(request.caller, readId(request.params))) }
  })

  app.get('/imports/:id/errors', { schema: importOperations.errors }, async (request, reply) => {
    const { caller } = request
    const found = await findWithReport(caller, readId(request.params))
    if (preferredType(request, ERROR_TYPES) !== 'application/json') {
      downloads.begin(caller, reply)
      return sendStream(reply, { type: JSON_LINES }, () => errorLines(caller, found))
    }
    const page = readPage(
      request.query as Record<string, unknown>,
      caller.pageLength,
      Number.MAX_SAFE_INTEGER,
    )
    const errors = await listErrors(poolOf(caller), found, page)
    const data = errors.map((error) => errorResource(caller, error))
    return listAnswer(requestUrl(request), page, found.errors, data, Number.MAX_SAFE_INTEGER)
  })

  app.get('/imports/:id/errors/kinds', { schema: importOperations.errorKinds }, async (request) => {
    const { caller } = request
    const found = await findWithWholeReport(caller, readId(request.params))
    const kinds = await listErrorKinds(poolOf(caller), found)
    return { data: kinds.map(errorKindResource) }
  })

  app.get('/imports/:id/rejected', { schema: importOperations.rejected }, async (request, reply) => {
    const found = await findWithWholeReport(request.caller, readId(request.params))
    const lineNumber = readLineNumber(request.query)
    const options = { type: JSON_LINES, fileName: `rejected-${found.id}.jsonl` }
    // Where nothing is wrong, the file may be gone.
    if (found.errors === 0) return sendStream(reply, options, nothing)
    downloads.begin(request.caller, reply)
    const reader = await store.open(found.id).catch((error) => {
      throw error instanceof UploadMissing ? fileGone() : error
    })
    if (request.method === 'HEAD') await reader.close()
    return sendStream(reply, options, () =>
      thenClose(reader, rejectedLines(poolOf(request.caller), reader, found, lineNumber)),
    )
  })

  app.get('/imports/:id/results', { schema: importOperations.results }, async (request, reply) => {
    const found = await find(request.caller, readId(request.params))
    if (found.expiredAt !== undefined && found.onConflict === 'update') throw resultsExpired(found.expiredAt)
    downloads.begin(request.caller, reply)
    const options = { type: JSON_LINES, fileName: `results-${found.id}.jsonl` }
    return sendStream(reply, options, () => resultLines(poolOf(request.caller), found))
  })

  app.post('/imports/:id/cancel', { schema: importOperations.cancel }, async (request) => {
    const found = await findOwn(request.caller, readId(request.params))
    const canceled = await cancelImport(poolOf(request.caller), found)
    if (!canceled)
      throw writeConflict('The import is finished; there is nothing to cancel.', { id: found.id })
    emit({ kind: 'ended', ...endedImport(canceled) })
    request.log.info({ import_id: found.id }, 'import canceled')
    return { data: importAnswer(request.caller, canceled) }
  })

  app.post('/imports/:id/retry', { schema: importOperations.retry }, async (request) => {
    const found = await findOwn(request.caller, readId(request.params))
    const retried = await retryImport(poolOf(request.caller), found, limits.maxWaitingImports).catch(
      explainRefused,
    )
    if (!retried) {
      throw writeConflict(whyNoRetry(await find(request.caller, found.id)), { id: found.id })
    }
    request.log.info({ import_id: found.id }, 'import is tried again')
    return { data: importAnswer(request.caller, retried) }
  })

  /** @throws HttpError 404; 410 when its report is no longer kept */
  async function findWithReport(caller: Caller, id: string): Promise<Import> {
    const found = await find(caller, id)
    if (found.expiredAt !== undefined && found.errors > 0) throw reportExpired(found.expiredAt)
    return found
  }

  /** With what is kept beside the errors. @throws HttpError as `findWithReport`; 410 when some of it never was */
  async function findWithWholeReport(caller: Caller, id: string): Promise<Import> {
    const found = await findWithReport(caller, id)
    if (found.hasOldErrors) throw reportTooOld()
    return found
  }

  async function findOwn(caller: Caller, id: string): Promise<Import> {
    const found = await find(caller, id)
    if (found.ownerId !== caller.ownerId) throw permissionDenied('import')
    return found
  }

  async function find(caller: Caller, id: string): Promise<Import> {
    const found = await findImport(poolOf(caller), visibleOwnerIds(caller), id)
    if (!found) throw notFound('import')
    return found
  }

  async function* errorLines(caller: Caller, found: Import): AsyncGenerator<string> {
    for await (const batch of allErrors(poolOf(caller), found)) {
      yield batch.map((error) => `${JSON.stringify(errorResource(caller, error))}\n`).join('')
    }
  }
}

const JSON_LINES = 'application/jsonl; charset=utf-8'

/** In which forms the report is answered. */
const ERROR_TYPES = ['application/json', 'application/jsonl', 'application/x-ndjson'] as const

async function* nothing(): AsyncGenerator<never> {}

async function* thenClose<T>(reader: UploadReader, pieces: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* pieces
  } finally {
    await reader.close()
  }
}

async function* resultLines(pool: Pool, found: Import): AsyncGenerator<string> {
  for await (const { line, type, id, externalRef } of importResults(pool, found)) {
    yield `${JSON.stringify({ line_number: line, type, id, external_ref: externalRef })}\n`
  }
}

/** @throws HttpError 400 */
function readLineNumber(query: unknown): number | undefined {
  const { line_number: text } = query as Record<string, unknown>
  if (text === undefined) return undefined
  const number = typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : 0
  if (number > 0) return number
  throw validationError('', [{ field: 'line_number', error: 'line_number must be a whole number from 1' }])
}

function whyNoRetry({ status, dryRun, expiredAt }: Import): string {
  if (status !== 'failed')
    return `Only an import that failed or was canceled can be tried again; this one is ${status}.`
  if (expiredAt !== undefined) return 'The file is no longer kept; post it again.'
  if (dryRun) return 'A rehearsal adds nothing, so there is nothing to go on with; post the file again.'
  return 'The file was worked to its end and every record rejected; mend its lines and post them again.'
}

/** A full file system, a quota, and a limit of the process. */
const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EFBIG']

function explainUnusable(error: NodeJS.ErrnoException, { maxUploadBytes }: UploadLimits): never {
  if (error instanceof UnpacksToTooMuch) {
    throw contentTooLarge(
      `An import file may have at most ${maxUploadBytes} bytes, also when it is unpacked.`,
    )
  }
  if (error instanceof UnusableFile) throw badRequest(error.message)
  throw NO_ROOM.includes(error.code ?? '') ? noRoom() : error
}

function explainRefused(error: Error): never {
  if (error instanceof ExternalRefTaken) throw refTaken(error.importId)
  if (error instanceof TooManyWaiting) throw tooManyWaiting(error.limit)
  throw error
}

const tooManyUploads = (limit: number) =>
  tooManyRequests(
    `The server takes ${limit} uploads at once, and has as many just now; please try again.`,
    RETRY_SECONDS,
  )

const tooManyWaiting = (limit: number) =>
  writeConflict(`${limit} imports are waiting already, as many as may; please try again when some are done.`)

const refTaken = (importId: string) =>
  writeConflict('The external_ref is that of another import, which has not failed.', { id: importId })

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

/** The Import resource as the caller sees it. */
const importAnswer = (caller: Caller, one: Import) => importResource(ownerKind(caller, one.ownerId), one)

function errorKindResource({ id, field, error, lines, firstLine }: ErrorKind) {
  return {
    id,
    type: 'subscription_import_error_kind',
    meta: { field, error, lines, first_line_number: firstLine },
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
