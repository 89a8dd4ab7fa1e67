import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { grouped } from './format.js'
import type { Server } from './server.js'

/** Of the Import resource (contract 6) what a benchmark looks at. */
export interface Import {
  readonly id: string
  readonly attributes: { readonly status: 'pending' | 'started' | 'success' | 'failed' }
  readonly meta: {
    readonly records: { readonly imported: Readonly<Record<string, number>> }
    readonly errors: number
    readonly failure?: { readonly reason: string; readonly detail: string }
  }
}

const READ_BYTES = 256 * 2 ** 10

/** How many of an import's records are there so far, of all types. */
export const importedRecords = ({ meta }: Import): number =>
  Object.values(meta.records.imported).reduce((sum, count) => sum + count, 0)

/**
 * Posts a file and returns the import once the 201 is there. The form is written by hand, because `fetch` takes a file
 * only whole in memory or as a Blob that Node 20 calls experimental.
 *
 * @throws Error for any other answer; AbortError
 */
export async function postImport(
  { url, apiKey }: Server,
  file: string,
  signal: AbortSignal,
): Promise<Import> {
  const boundary = 'intake-bench-boundary'
  const head = Buffer.from(
    `--${boundary}\r\ncontent-disposition: form-data; name="import_file"; filename="records.jsonl"\r\n` +
      'content-type: application/jsonl\r\n\r\n',
  )
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  const { size } = await stat(file)
  const post = request(`${url}/subscriptions/imports`, {
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
    yield* createReadStream(file, { highWaterMark: READ_BYTES })
    yield tail
  }
  const [[response]] = await Promise.all([once(post, 'response'), pipeline(body, post)])
  return readImport((response as IncomingMessage).statusCode, 201, await text(response))
}

/** Asks for one import. @throws Error for any answer but 200; AbortError */
export async function getImport({ url, apiKey }: Server, id: string, signal: AbortSignal): Promise<Import> {
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

/** @throws Error unless every record of the file was imported, without an error. */
export function checkImport(done: Import, records: number): void {
  const imported = importedRecords(done)
  if (imported !== records || done.meta.errors !== 0) {
    throw new Error(
      `${grouped(imported)} of ${grouped(records)} records were imported, with ${grouped(done.meta.errors)} errors; all were to be.`,
    )
  }
}

/**
 * Asks for an import until it is a `success`. The pause between two questions is a hundredth of the time waited so far,
 * and at least 10 ms: so the answer is at most about 1 % late, and asking disturbs a long import little.
 *
 * @throws Error if the import fails; AbortError
 */
export async function waitForSuccess(
  server: Server,
  id: string,
  signal: AbortSignal,
  onProgress: (records: number) => void,
): Promise<Import> {
  const start = performance.now()
  for (;;) {
    const found = await getImport(server, id, signal)
    const { status } = found.attributes
    if (status === 'success') return found
    if (status === 'failed') throw new Error(`The import failed: ${found.meta.failure?.detail}`)
    onProgress(importedRecords(found))
    await sleep(Math.max(10, (performance.now() - start) / 100), undefined, { signal })
  }
}
