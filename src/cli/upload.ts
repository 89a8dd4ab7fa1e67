import { randomUUID } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type Address, headersFor, type ImportAnswer, readAnswer, unreachable } from './client.js'
import { CommandError } from './fail.js'

/** A file to import, open. */
export interface ImportFile {
  readonly handle: FileHandle
  /** Without its folders. */
  readonly name: string
  readonly bytes: number
}

/** Opens a file to import. @throws CommandError if it cannot be one */
export async function openImportFile(path: string): Promise<ImportFile> {
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(whyNotOpen(path, error))
  })
  try {
    const found = await handle.stat()
    if (found.isDirectory()) throw new CommandError(`${path} is a folder. Give the path of a file.`)
    if (!found.isFile()) throw new CommandError(`${path} is not a regular file.`)
    if (found.size === 0) throw new CommandError(`${path} is empty: there is nothing to import.`)
    return { handle, name: basename(path), bytes: found.size }
  } catch (error) {
    await handle.close()
    throw error
  }
}

function whyNotOpen(path: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return `There is no file ${path}.`
  if (code === 'EACCES' || code === 'EPERM') return `You may not read ${path}.`
  return `${path} cannot be read: ${message}.`
}

const READ_BYTES = 256 * 2 ** 10

/** A server that does not know "100-continue" does not answer it, and the body is sent all the same (RFC 9110, 10.1.1). */
const CONTINUE_TIMEOUT_MS = 1000

/** A connection on which nothing has moved for so long is asked whether the other side is still there. */
const KEEP_ALIVE_MS = 30_000

/**
 * Posts a file as an import (contract 6), streaming it from the disk. An answer that comes before the file was sent
 * ends the upload.
 *
 * @param onSent is told how many bytes of the file were sent so far.
 * @throws CommandError, ServerUnreachable, and the signal's reason
 */
export async function uploadFile(
  address: Address,
  file: ImportFile,
  externalRef: string | undefined,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<ImportAnswer> {
  const boundary = `intake-${randomUUID()}`
  const head = headOf(boundary, file.name, externalRef)
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  const url = new URL(`${address.url}/subscriptions/imports`)
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    method: 'POST',
    signal,
    headers: {
      ...headersFor(address),
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': head.length + file.bytes + tail.length,
      // Who will refuse by the headers alone, a proxy perhaps, gets to say so before it is sent gigabytes.
      expect: '100-continue',
    },
  })
  request.setSocketKeepAlive(true, KEEP_ALIVE_MS)
  const body = Readable.from(bodyOf(head, file, tail, onSent), { objectMode: false })
  const response = await exchange(request, body, (error) =>
    signal.aborted ? signal.reason : broken(address, error, request.writableEnded, externalRef),
  )
  // What is left of the body breaks the connection sooner or later; the answer was on its way before.
  const said = await text(response).catch(() => '')
  if (!request.writableFinished) request.destroy()
  body.destroy()
  signal.throwIfAborted()
  return readAnswer<ImportAnswer>(address, {
    status: response.statusCode ?? 0,
    location: response.headers.location,
    text: said,
  })
}

/**
 * Sends the body and returns the answer's head, which may come first.
 *
 * @param explain makes what is thrown of an error of the connection.
 */
function exchange(
  request: ClientRequest,
  body: Readable,
  explain: (error: Error) => unknown,
): Promise<IncomingMessage> {
  let isSending = false
  const send = () => {
    if (!isSending) body.pipe(request)
    isSending = true
  }
  const timer = setTimeout(send, CONTINUE_TIMEOUT_MS)
  return new Promise((resolve, reject) => {
    request.on('continue', send)
    request.on('response', (response) => {
      clearTimeout(timer)
      body.unpipe(request)
      resolve(response)
    })
    request.on('error', (error) => {
      clearTimeout(timer)
      body.destroy()
      reject(explain(error))
    })
    body.on('error', (error) => {
      reject(error)
      request.destroy()
    })
  })
}

/** The reference comes first, so that one that is taken is refused at once. */
function headOf(boundary: string, name: string, externalRef: string | undefined): Buffer {
  const part = (disposition: string) => `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n`
  const ref = externalRef === undefined ? '' : `${part('name="external_ref"')}\r\n${externalRef}\r\n`
  // Escaped as browsers do: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
  const escaped = name.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
  const file = `${part(`name="import_file"; filename="${escaped}"`)}content-type: application/jsonl\r\n\r\n`
  return Buffer.from(ref + file)
}

async function* bodyOf(
  head: Buffer,
  { handle, name, bytes }: ImportFile,
  tail: Buffer,
  onSent: (bytes: number) => void,
): AsyncGenerator<Buffer, void, undefined> {
  yield head
  let sent = 0
  // As many bytes as were announced: what is appended meanwhile is not of this import.
  const stream = handle.createReadStream({
    start: 0,
    end: bytes - 1,
    autoClose: false,
    highWaterMark: READ_BYTES,
  })
  for await (const piece of stream) {
    yield piece
    sent += piece.length
    onSent(sent)
  }
  if (sent < bytes) throw new CommandError(`${name} became shorter while it was read. Nothing was imported.`)
  yield tail
}

/** A connection that broke in mid-upload. Once all was sent, nobody here knows whether the import was made. */
function broken(address: Address, error: Error, allSent: boolean, externalRef: string | undefined): Error {
  const why = unreachable(address, error)
  if (allSent) {
    why.message +=
      ' The whole file had been sent, so the import may have been made. ' +
      (externalRef === undefined
        ? 'Look at the list of imports before you run this again; with --external-ref, nothing is imported twice.'
        : 'Run this again: because of the --external-ref, nothing is imported twice.')
  }
  return why
}
