import { isUtf8 } from 'node:buffer'
import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy'
import { isStorableText, type Problem } from '../records/validate.js'
import { badRequest, contentTooLarge, unsupportedMediaType, validationError } from './errors.js'

/** The form of `POST /subscriptions/imports` (contract 6). */
export interface ImportForm<File> {
  readonly file: File
  readonly externalRef: string | undefined
}

const MAX_REF_CHARACTERS = 2048

/** UTF-8 has four bytes a code point at most; one more is enough to see that the text is too long. */
const MAX_REF_BYTES = MAX_REF_CHARACTERS * 4 + 1

/** The framing of two parts: boundaries and part headers, over and above the file and the field. */
const MAX_FRAMING_BYTES = 64 * 1024

/** The client went away before its request was whole. There is nobody to answer. */
export class ClientGone extends Error {
  override name = 'ClientGone'
}

interface Handlers<File> {
  /** Takes the file's bytes as they arrive. What it throws ends the request. */
  receive(bytes: AsyncIterable<Buffer>): Promise<File>
  /** Undoes what `receive` returned, when the form turns out to be wrong after all. */
  discard(file: File): Promise<void>
  /** Called as soon as the field is known and in order, perhaps before the file. May throw. */
  checkRef(externalRef: string): Promise<void>
}

/**
 * Reads the form from a request's body, streaming: the file part goes to `receive` as it arrives, whichever part comes first.
 *
 * @throws HttpError 400, 413; ClientGone; and what the handlers throw. No received file is left then.
 */
export async function readImportForm<File>(
  request: IncomingMessage,
  maxFileBytes: number,
  handlers: Handlers<File>,
): Promise<ImportForm<File>> {
  checkLength(request, maxFileBytes)
  const form = new FormInProgress(handlers, maxFileBytes)
  const parser = createParser(request, maxFileBytes)
  try {
    await form.readFrom(request, parser)
    return await form.finish()
  } catch (error) {
    await form.abandon()
    throw error
  }
}

function checkLength({ headers }: IncomingMessage, maxFileBytes: number): void {
  if (Number(headers['content-length'] ?? 0) > maxFileBytes + MAX_REF_BYTES + MAX_FRAMING_BYTES) {
    throw tooLarge(maxFileBytes)
  }
}

const tooLarge = (maxFileBytes: number) =>
  contentTooLarge(`An import file may have at most ${maxFileBytes} bytes.`)

/** Lets only forms pass, before anybody reads the body as something else. @throws HttpError 415 */
export async function requireForm({ headers }: Pick<IncomingMessage, 'headers'>): Promise<void> {
  if (!/^multipart\/form-data *(;|$)/i.test(headers['content-type'] ?? '')) {
    throw unsupportedMediaType(
      'An import is posted as multipart/form-data, with the file in the part "import_file".',
    )
  }
}

function createParser({ headers }: IncomingMessage, maxFileBytes: number): BusboyInstance {
  try {
    return new Busboy({
      headers: headers as BusboyHeaders,
      // Every part comes as its bytes: a field that the parser decodes hides that it was not UTF-8.
      isPartAFile: () => true,
      limits: {
        fileSize: maxFileBytes,
        parts: 100,
        headerPairs: 100,
        headerSize: 16 * 1024,
      },
    })
  } catch (error) {
    throw unreadable(error as Error)
  }
}

/** The parser skips a part that is not of a form, or whose header is broken. Only the tokenizer within tells of it. */
interface Tokenizer extends EventEmitter {
  on(event: 'part', listener: (part: EventEmitter) => void): this
}
const tokenizerOf = (parser: BusboyInstance) =>
  (parser as unknown as { readonly _parser: { readonly parser: Tokenizer } })._parser.parser

class FormInProgress<File> {
  readonly #handlers: Handlers<File>
  readonly #maxFileBytes: number
  readonly #problems: Problem[] = []
  readonly #failed = deferred<never>()
  readonly #streams: Readable[] = []
  #file: Promise<File> | undefined
  #ref: Promise<string | undefined> | undefined

  constructor(handlers: Handlers<File>, maxFileBytes: number) {
    this.#handlers = handlers
    this.#maxFileBytes = maxFileBytes
  }

  /** Resolves when the whole body was read; rejects as soon as it is clear that the request fails. */
  async readFrom(request: IncomingMessage, parser: BusboyInstance): Promise<void> {
    const { resolve, reject, promise: read } = deferred<void>()
    const gone = () => reject(new ClientGone('The client went away in mid-upload.'))
    const broken = (error: Error) => reject(unreadable(error))
    let isTaken = false
    parser.on('file', (name: string | undefined, stream) => {
      isTaken = true
      this.#onPart(name ?? '', stream)
    })
    tokenizerOf(parser).on('part', (part) => {
      // The parser heard of the header first.
      part.on('header', () => {
        if (!isTaken) broken(new Error('it has a part that is not headed "Content-Disposition: form-data"'))
        isTaken = false
      })
    })
    parser.on('partsLimit', () => broken(new Error('it has too many parts')))
    parser.on('error', broken)
    parser.on('finish', resolve)
    request.on('error', gone)
    request.on('close', () => {
      if (!request.complete) gone()
    })
    // It may have gone while something else was looked up.
    if (request.destroyed) gone()
    request.pipe(parser)
    try {
      await Promise.race([read, this.#failed.promise])
    } catch (error) {
      request.unpipe(parser)
      parser.on('error', () => {})
      parser.destroy()
      // What is still coming is read and dropped, so that the client gets to read the answer.
      request.resume()
      throw error
    }
  }

  /** The form, once the body was read. @throws HttpError 400 with every problem */
  async finish(): Promise<ImportForm<File>> {
    if (!this.#file) this.#problems.unshift({ field: 'import_file', error: '"import_file" is required' })
    const externalRef = await this.#ref
    if (this.#problems.length > 0) throw validationError('', this.#problems)
    if (!this.#file) throw new Error('a form without a file has a problem')
    return { file: await this.#file, externalRef }
  }

  /** Leaves nothing of what was received. */
  async abandon(): Promise<void> {
    for (const stream of this.#streams) stream.destroy(new Error('the request was given up'))
    const file = await this.#file?.then(
      (received) => ({ received }),
      () => undefined,
    )
    if (file) await this.#handlers.discard(file.received)
    await this.#ref?.catch(() => {})
  }

  #onPart(name: string, stream: Readable): void {
    // The body may break off before anybody reads the part, or in one that nobody reads. A destroyed stream is one that
    // its reader gave up, who says why.
    stream.on('error', (error) => {
      if (!stream.destroyed) this.#failed.reject(unreadable(error))
    })
    if (name === 'import_file' && !this.#file) {
      this.#streams.push(stream)
      this.#file = this.#handlers.receive(withLimit(stream, this.#maxFileBytes))
      this.#file.catch((error: Error) => this.#failed.reject(error))
    } else if (name === 'external_ref' && !this.#ref) {
      this.#streams.push(stream)
      this.#ref = this.#readRef(stream)
      this.#ref.catch((error: Error) => this.#failed.reject(error))
    } else {
      this.#problems.push({ field: name.slice(0, 100), error: whyNotTaken(name) })
      stream.resume()
    }
  }

  /** An empty field is how forms say "none". */
  async #readRef(stream: Readable): Promise<string | undefined> {
    const bytes = await beginningOf(stream, MAX_REF_BYTES)
    const problem = problemOfRef(bytes)
    if (problem) this.#problems.push({ field: 'external_ref', error: problem })
    if (problem || bytes.length === 0) return undefined
    const ref = bytes.toString('utf8')
    await this.#handlers.checkRef(ref)
    return ref
  }
}

/** Reads a part to its end and keeps as many bytes of it, so that one without end is not kept. */
async function beginningOf(stream: Readable, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let kept = 0
  for await (const piece of stream as AsyncIterable<Buffer>) {
    const wanted = piece.subarray(0, maxBytes - kept)
    if (wanted.length > 0) pieces.push(wanted)
    kept += wanted.length
  }
  return Buffer.concat(pieces)
}

function whyNotTaken(name: string): string {
  if (name === 'import_file' || name === 'external_ref') return `"${name}" must be given once`
  const takes = 'it takes "import_file" and "external_ref"'
  return name === '' ? `a part of this form has no name; ${takes}` : `is not a part of this form; ${takes}`
}

function problemOfRef(bytes: Buffer): string | undefined {
  const isCut = bytes.length === MAX_REF_BYTES
  if (!isCut && !isUtf8(bytes)) return 'external_ref must be valid UTF-8'
  const ref = bytes.toString('utf8')
  if (isCut || [...ref].length > MAX_REF_CHARACTERS) {
    return `external_ref must be at most ${MAX_REF_CHARACTERS} characters`
  }
  return isStorableText(ref) ? undefined : 'external_ref must not contain U+0000 or an unpaired surrogate'
}

/** The parser cuts a file off at the limit; here that is an error. */
async function* withLimit(
  stream: Readable & { truncated?: boolean },
  maxFileBytes: number,
): AsyncGenerator<Buffer> {
  try {
    for await (const piece of stream) yield piece as Buffer
  } catch (error) {
    throw unreadable(error as Error)
  }
  if (stream.truncated) throw tooLarge(maxFileBytes)
}

const unreadable = (error: Error) => badRequest(`The multipart body cannot be read: ${error.message}.`)

/** A promise with its ends in hand. Nobody need be waiting yet when it is rejected. */
function deferred<T>() {
  let resolve: (value: T) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  promise.catch(() => {})
  return { promise, resolve, reject }
}
