import { randomUUID } from 'node:crypto'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { constants, gzip } from 'node:zlib'
import { decompress } from '../../imports/file/decompress.js'
import { UnusableFile } from '../../imports/file/unusable-file.js'
import type { ImportResource } from '../../imports/resource/schema.js'
import type { OnConflict } from '../../imports/terms.js'
import { networkFault } from '../../text/network-fault.js'
import { CommandError } from '../terminal/fail.js'
import { type Address, headersFor, readAnswer, unreachable } from './client.js'
import type { ImportFile } from './import-file.js'
import { MayBeReceived, mayBeReceived } from './may-be-received.js'

/** The options that a file is posted with (contract 6). */
export interface UploadOptions {
  readonly externalRef: string | undefined
  readonly dryRun: boolean
  readonly onConflict: OnConflict
  readonly maxErrors: number | undefined
  /** The id of the import whose rejected lines the file has, corrected. */
  readonly fixes: string | undefined
}

/**
 * A server that does not know "100-continue" does not answer it; the body is then sent anyway (RFC 9110,
 * 10.1.1).
 */
const CONTINUE_TIMEOUT_MS = 1000

/** After this time without traffic, TCP asks whether the other side is still there. */
const KEEP_ALIVE_MS = 30_000

/**
 * Posts a file as an import (contract 6), streaming it from the disk. A response that comes before the whole
 * file was sent ends the upload.
 *
 * @param onSent receives how many bytes of the file were sent so far
 * @throws CommandError, ServerUnreachable, and the signal's reason; MayBeReceived instead of it once all was
 * sent
 */
export async function uploadFile(
  address: Address,
  file: ImportFile,
  options: UploadOptions,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<ImportResource> {
  const boundary = `intake-${randomUUID()}`
  const head = headOf(boundary, file.isNamed ? file.name : undefined, options)
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
  const url = new URL(`${address.url}/subscriptions/imports`)
  const request = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
    method: 'POST',
    signal,
    headers: {
      ...headersFor(address),
      'content-type': `multipart/form-data; boundary=${boundary}`,
      ...(file.bytes !== undefined && { 'content-length': head.length + file.bytes + tail.length }),
      // A server or proxy that refuses by the headers alone can say so before gigabytes are sent.
      expect: '100-continue',
    },
  })
  request.setSocketKeepAlive(true, KEEP_ALIVE_MS)
  const body = Readable.from(bodyOf(head, file, tail, onSent), { objectMode: false })
  const response = await exchange(request, body, (error) =>
    signal.aborted
      ? interrupted(signal, sentOf(request), options.externalRef)
      : broken(address, error, sentOf(request), options.externalRef),
  )
  // The unsent rest of the body breaks the connection sooner or later; the response was on its way before
  // that.
  const said = await text(response).catch(() => '')
  if (!request.writableFinished) request.destroy()
  body.destroy()
  signal.throwIfAborted()
  const { data } = readAnswer<ImportResource>(address, {
    status: response.statusCode ?? 0,
    location: response.headers.location,
    text: said,
  })
  return data
}

/**
 * Sends the body and returns the head of the response, which may come first.
 *
 * @param explain turns an error of the connection into the one to throw
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

/** The options come first, so that a file they rule out is refused at once. */
function headOf(
  boundary: string,
  name: string | undefined,
  { externalRef, dryRun, onConflict, maxErrors, fixes }: UploadOptions,
): Buffer {
  const part = (disposition: string) => `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\n`
  const field = (fieldName: string, value: string) => `${part(`name="${fieldName}"`)}\r\n${value}\r\n`
  const fields = [
    ...(dryRun ? [field('dry_run', 'true')] : []),
    ...(onConflict === 'reject' ? [] : [field('on_conflict', onConflict)]),
    ...(externalRef === undefined ? [] : [field('external_ref', externalRef)]),
    ...(maxErrors === undefined ? [] : [field('max_errors', String(maxErrors))]),
    ...(fixes === undefined ? [] : [field('fixes', fixes)]),
  ]
  // Escaped as browsers do: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
  const escaped = name?.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22')
  const fileName = escaped === undefined ? '' : `; filename="${escaped}"`
  const file = `${part(`name="import_file"${fileName}`)}content-type: application/jsonl\r\n\r\n`
  return Buffer.from(fields.join('') + file)
}

async function* bodyOf(
  head: Buffer,
  file: ImportFile,
  tail: Buffer,
  onSent: (bytes: number) => void,
): AsyncGenerator<Buffer, void, undefined> {
  yield head
  let sent = 0
  const counted = async function* () {
    for await (const piece of file.stream() as AsyncIterable<Buffer>) {
      yield piece
      sent += piece.length
      onSent(sent)
    }
  }
  yield* file.bytes === undefined ? keptAlive(counted()) : counted()
  if (file.bytes !== undefined && sent < file.bytes) {
    throw new CommandError(`${file.name} became shorter while it was being read. Nothing was imported.`)
  }
  yield tail
}

/** A server's IDLE_TIMEOUT is at least 1 s. */
const LONGEST_SILENCE_MS = 500

const compress = promisify(gzip)

/**
 * A stream compressed with gzip, piece by piece, so that its connection is never silent: a gzip file may
 * consist of several members (RFC 1952, 2.2), and empty ones are sent while nothing arrives. What is already
 * compressed is decompressed first.
 *
 * @throws CommandError if the stream is damaged gzip, and what the stream throws
 */
async function* keptAlive(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const pieces = decompress(bytes, Number.POSITIVE_INFINITY)
  try {
    for (let next = pieces.next(); ; next = pieces.next()) {
      let result = await withinSilence(next)
      while (result === undefined) {
        yield await compress('')
        result = await withinSilence(next)
      }
      if (result.done) return
      if (result.value.length > 0) yield await compress(result.value, { level: constants.Z_BEST_SPEED })
    }
  } catch (error) {
    throw error instanceof UnusableFile ? new CommandError(error.message) : error
  } finally {
    // Not awaited: if it is waiting for more of the stream, it ends only with the stream.
    pieces.return(undefined).catch(() => {})
  }
}

/** The value; undefined if it takes longer than the connection may be silent. */
async function withinSilence<Value>(promise: Promise<Value>): Promise<Value | undefined> {
  const timeout = new AbortController()
  const silence = sleep(LONGEST_SILENCE_MS, undefined, { signal: timeout.signal }).catch(() => undefined)
  try {
    return await Promise.race([promise, silence])
  } finally {
    timeout.abort()
  }
}

const sentOf = (request: ClientRequest): Sent =>
  request.writableEnded ? 'all' : (request.socket?.bytesWritten ?? 0) > 0 ? 'some' : 'none'

type Sent = 'all' | 'some' | 'none'

const interrupted = (signal: AbortSignal, sent: Sent, externalRef: string | undefined): unknown =>
  sent === 'all' ? new MayBeReceived(mayBeReceived(externalRef)) : signal.reason

/**
 * A connection that broke during the upload. Once everything was sent, the client cannot know whether the
 * import was created.
 */
function broken(address: Address, error: Error, sent: Sent, externalRef: string | undefined): Error {
  const why = unreachable(address, error)
  if (sent === 'some') {
    why.message =
      `The connection to the server at ${address.url} broke during the upload: ${networkFault(error)}. ` +
      'Nothing was imported; run this again.'
  } else if (sent === 'all') {
    why.message += ` ${mayBeReceived(externalRef)}`
  }
  return why
}
