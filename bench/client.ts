import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ImportFile, Outcome } from './files.js'
import { grouped } from './format.js'
import type { Server } from './server.js'
import type { Context } from './trial.js'

/** Where requests go, and whose they are. */
export type Address = Pick<Server, 'url' | 'apiKey'>

/** The part of the Import resource (contract 6) that a benchmark needs. */
export interface Import {
  readonly id: string
  readonly attributes: { readonly status: 'pending' | 'started' | 'success' | 'failed' }
  readonly meta: {
    readonly records: { readonly imported: Readonly<Record<string, number>> }
    readonly errors: number
    readonly failure?: { readonly reason: string; readonly detail: string }
    readonly undo?: { readonly status: string; readonly removed: Readonly<Record<string, number>> }
  }
}

const READ_BYTES = 256 * 2 ** 10

/** How many records of an import were imported so far, of all types. */
export const importedRecords = ({ meta }: Import): number => sum(meta.records.imported)

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)

/** A file in a form. */
export interface FilePart {
  readonly path: string
  readonly field: string
  readonly filename: string
  readonly contentType: string
}

/**
 * Posts a form that consists of a file. It is written by hand, because `fetch` takes a file only whole in
 * memory or as a Blob, which is experimental in Node 20, and waits no longer than five minutes for an answer.
 *
 * @param url where to, with its path
 * @throws AbortError
 */
export async function postFile(
  url: string,
  apiKey: string,
  file: FilePart,
  signal: AbortSignal,
): Promise<{ status: number | undefined; body: string }> {
  const boundary = 'intake-bench-boundary'
  const head = Buffer.from(
    `--${boundary}\r\ncontent-disposition: form-data; name="${file.field}"; filename="${file.filename}"\r\n` +
      `content-type: ${file.contentType}\r\n\r\n`,
  )
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  const { size } = await stat(file.path)
  const post = request(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': head.length + size + tail.length,
    },
    signal,
  })
  async function* body() {
    yield head
    yield* createReadStream(file.path, { highWaterMark: READ_BYTES })
    yield tail
  }
  const [[response]] = await Promise.all([once(post, 'response'), pipeline(body, post)])
  const { statusCode: status } = response as IncomingMessage
  return { status, body: await text(response as IncomingMessage) }
}

/** Posts a file and returns the import once the 201 has arrived. @throws Error for any other answer; AbortError */
export async function postImport(
  { url, apiKey }: Address,
  path: string,
  signal: AbortSignal,
): Promise<Import> {
  const part = { path, field: 'import_file', filename: 'records.jsonl', contentType: 'application/jsonl' }
  const { status, body } = await postFile(`${url}/subscriptions/imports`, apiKey, part, signal)
  return readImport(status, 201, body)
}

/** Asks for one import. @throws Error for any answer but 200; AbortError */
export async function getImport({ url, apiKey }: Address, id: string, signal: AbortSignal): Promise<Import> {
  const response = await fetch(`${url}/subscriptions/imports/${id}`, {
    headers: { authorization: `Bearer ${apiKey}` },
    signal,
  })
  return readImport(response.status, 200, await response.text())
}

function readImport(status: number | undefined, expected: number, body: string): Import {
  if (status !== expected) throw new Error(`The server answered ${status}, not ${expected}: ${body}`)
  return (JSON.parse(body) as { data: Import }).data
}

/** @throws Error unless the expected numbers of records were added and of errors reported */
export function checkImport(done: Import, expected: Outcome): void {
  const { errors, failure } = done.meta
  const imported = importedRecords(done)
  if (imported !== expected.imported || errors !== expected.errors) {
    throw new Error(
      `${grouped(imported)} records were imported, with ${grouped(errors)} errors; ` +
        `there were to be ${grouped(expected.imported)}, with ${grouped(expected.errors)}.` +
        (failure ? ` The import failed: ${failure.detail}` : ''),
    )
  }
}

/**
 * Polls an import until it has ended. The pause between two requests is a hundredth of the time waited so
 * far, and at least 10 ms: so the result is at most about 1% late, and polling disturbs a long import little.
 *
 * @throws AbortError
 */
export async function waitForEnd(
  server: Address,
  id: string,
  signal: AbortSignal,
  onProgress: (records: number) => void,
): Promise<Import> {
  const start = performance.now()
  for (;;) {
    const found = await getImport(server, id, signal)
    const { status } = found.attributes
    if (status === 'success' || status === 'failed') return found
    onProgress(importedRecords(found))
    await sleep(Math.max(10, (performance.now() - start) / 100), undefined, { signal })
  }
}

/** Asks for the undo of an import. @throws Error for any answer but 202; AbortError */
export async function requestUndo(
  { url, apiKey }: Address,
  id: string,
  signal: AbortSignal,
): Promise<Import> {
  const response = await fetch(`${url}/subscriptions/imports/${id}/undo`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}` },
    signal,
  })
  return readImport(response.status, 202, await response.text())
}

/**
 * Polls an import until its undo has ended, as `waitForEnd` does.
 *
 * @returns how many records were removed
 * @throws Error if it failed; AbortError
 */
export async function waitForUndo(
  server: Address,
  id: string,
  signal: AbortSignal,
  onProgress: (records: number) => void,
): Promise<number> {
  const start = performance.now()
  for (;;) {
    const { undo } = (await getImport(server, id, signal)).meta
    const removed = sum(undo?.removed ?? {})
    if (undo?.status === 'success') return removed
    if (undo?.status === 'failed') throw new Error('The undo failed.')
    onProgress(removed)
    await sleep(Math.max(10, (performance.now() - start) / 100), undefined, { signal })
  }
}

/**
 * Posts a file and waits until the import has ended. A file of which nothing can be added ends as `failed`
 * (contract 6).
 */
export async function runImport(
  server: Address,
  path: string,
  { signal, progress }: Context,
): Promise<{ done: Import; seconds: number; uploadSeconds: number }> {
  const start = performance.now()
  const { id } = await postImport(server, path, signal)
  const uploaded = performance.now()
  const done = await waitForEnd(server, id, signal, (records) => progress.update(records))
  const end = performance.now()
  return { done, seconds: (end - start) / 1000, uploadSeconds: (uploaded - start) / 1000 }
}

/**
 * The same, and checks the result.
 *
 * @returns seconds from the first byte of the request until the import has ended, and until the 201.
 * @throws Error if the import is not exact; AbortError
 */
export async function importFile(
  server: Address,
  file: ImportFile,
  context: Context,
): Promise<{ seconds: number; uploadSeconds: number }> {
  const { done, ...took } = await runImport(server, file.path, context)
  checkImport(done, file)
  return took
}
