import type { EventEmitter } from 'node:events'
import type { Readable } from 'node:stream'
import { Busboy, type BusboyHeaders, type BusboyInstance } from '@fastify/busboy'
import { GrowingBuffer } from '../../../bytes/growing-buffer.js'
import type { RequestBody } from '../../../http/body/request-body.js'
import { validationError } from '../../../http/errors.js'
import type { Problem } from '../../../schema/problem.js'
import { isRequired } from '../../../schema/sentences.js'
import { excerpt } from '../../../text/text.js'
import { partFileName } from './file-name.js'
import {
  checkLength,
  type Handlers,
  type ImportBody,
  isTooLong,
  tooLarge,
  unreadable,
  withLimit,
} from './import-body.js'
import {
  isOptionName,
  MAX_OPTION_BYTES,
  OPTION_NAMES,
  type OptionName,
  type Options,
  readField,
  readOptions,
  takes,
} from './options.js'

/**
 * Reads the form from a request's body, streaming: the file part goes to `receive` as it arrives, whatever
 * the order of the parts.
 *
 * @throws HttpError 400, 413; ClientGone; and what the handlers throw. No received file is left then.
 */
export async function readImportForm<File>(
  body: RequestBody,
  query: Readonly<Record<string, unknown>>,
  maxFileBytes: number,
  handlers: Handlers<File>,
): Promise<ImportBody<File>> {
  checkLength(body, maxFileBytes)
  // If ignored, a rehearsal requested there would become an import.
  const misplaced = Object.keys(query).filter(isOptionName)
  if (misplaced.length > 0) {
    const error = 'is a field of the form; only with the file as the whole body is it in the query'
    throw validationError(
      '',
      misplaced.map((field) => ({ code: 'unknown_parameter', field, error })),
    )
  }
  const form = new FormInProgress(handlers, maxFileBytes)
  const parser = createParser(body, maxFileBytes)
  try {
    await form.readFrom(body, parser)
    return await form.finish()
  } catch (error) {
    await form.abandon()
    throw error
  }
}

function createParser({ headers }: RequestBody, maxFileBytes: number): BusboyInstance {
  try {
    return new Busboy({
      headers: headers as BusboyHeaders,
      // Every part is read as bytes: a field decoded by the parser would hide that it was not UTF-8.
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

/**
 * The parser skips a part that does not belong to a form, or whose header is broken. Only its inner tokenizer
 * reports it.
 */
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
  readonly #fields = new Map<OptionName, Promise<string | undefined>>()
  #file: Promise<File> | undefined
  #fileName: string | undefined

  constructor(handlers: Handlers<File>, maxFileBytes: number) {
    this.#handlers = handlers
    this.#maxFileBytes = maxFileBytes
  }

  /** Resolves when the whole body has been read; rejects as soon as it is clear that the request fails. */
  async readFrom(body: RequestBody, parser: BusboyInstance): Promise<void> {
    const { resolve, reject, promise: read } = deferred<void>()
    const broken = (error: Error) => reject(unreadable(error))
    let isTaken = false
    parser.on('file', (name: string | undefined, stream, givenName: string | undefined) => {
      isTaken = true
      this.#onPart(name ?? '', stream, givenName)
    })
    tokenizerOf(parser).on('part', (part) => {
      // The parser got the header first.
      part.on('header', () => {
        if (!isTaken) broken(new Error('it has a part that is not headed "Content-Disposition: form-data"'))
        isTaken = false
      })
    })
    parser.on('partsLimit', () => broken(new Error('it has too many parts')))
    parser.on('error', broken)
    parser.on('finish', resolve)
    body.on('error', reject)
    // The parser reads and drops what exceeds its limits; a body without end would be read forever.
    body.on('data', () => {
      if (isTooLong(body, this.#maxFileBytes)) reject(tooLarge(this.#maxFileBytes))
    })
    body.pipe(parser)
    try {
      await Promise.race([read, this.#failed.promise])
    } catch (error) {
      body.destroy()
      parser.on('error', () => {})
      parser.destroy()
      throw body.readableEnded && body.bytes === 0 ? noBody() : error
    }
  }

  /** The form, once the body has been read. @throws HttpError 400 with every problem */
  async finish(): Promise<ImportBody<File>> {
    if (!this.#file) this.#problems.unshift(isRequired('import_file'))
    const options = await this.#options(this.#problems)
    if (this.#problems.length > 0) throw validationError('', this.#problems)
    if (!this.#file) throw new Error('a form without a file has a problem')
    return { file: await this.#file, fileName: this.#fileName, options }
  }

  async #options(problems: Problem[]): Promise<Options> {
    const given = new Map<OptionName, string>()
    for (const [name, field] of this.#fields) {
      const text = await field
      if (text !== undefined) given.set(name, text)
    }
    return readOptions(given, problems)
  }

  /** Removes what was received. */
  async abandon(): Promise<void> {
    for (const stream of this.#streams) stream.destroy(new Error('the request was given up'))
    const file = await this.#file?.then(
      (received) => ({ received }),
      () => undefined,
    )
    if (file) await this.#handlers.discard(file.received)
    await Promise.allSettled(this.#fields.values())
  }

  #onPart(name: string, stream: Readable, givenName: string | undefined): void {
    // The body may end early before anybody reads the part, or in a part that nobody reads. If the stream was
    // destroyed, its reader gave up and reports why.
    stream.on('error', (error) => {
      if (!stream.destroyed) this.#failed.reject(unreadable(error))
    })
    if (name === 'import_file' && !this.#file) {
      this.#streams.push(stream)
      this.#file = this.#receive(stream)
      this.#fileName = partFileName(givenName)
      this.#file.catch((error: Error) => this.#failed.reject(error))
    } else if (isOptionName(name) && !this.#fields.has(name)) {
      this.#streams.push(stream)
      const field = this.#readField(name, stream)
      field.catch((error: Error) => this.#failed.reject(error))
      this.#fields.set(name, field)
    } else {
      this.#problems.push(whyNotTaken(name))
      stream.resume()
    }
  }

  /** Options that come before the file may make it unnecessary to receive it. */
  async #receive(stream: Readable): Promise<File> {
    const problems: Problem[] = []
    const options = await this.#options(problems)
    if (problems.length === 0) await this.#handlers.check(options)
    return await this.#handlers.receive(withLimit(stream, this.#maxFileBytes))
  }

  async #readField(name: OptionName, stream: Readable): Promise<string | undefined> {
    const field = readField(name, await beginningOf(stream, MAX_OPTION_BYTES))
    if (typeof field === 'string') return field
    this.#problems.push(field)
    return undefined
  }
}

/** Reads a part to its end but keeps only `limit` bytes of it, so that an endless one takes no memory. */
async function beginningOf(stream: Readable, maxBytes: number): Promise<Buffer> {
  const kept = new GrowingBuffer(maxBytes)
  for await (const piece of stream as AsyncIterable<Buffer>) {
    kept.add(piece.subarray(0, maxBytes - kept.length))
  }
  return kept.take()
}

function whyNotTaken(name: string): Problem {
  const field = excerpt(name)
  if (name === 'import_file' || isOptionName(name)) {
    return { code: 'too_many', field, error: `"${name}" must be given once` }
  }
  const why = name === '' ? 'a part of this form has no name' : 'is not a part of this form'
  return { code: 'unknown_parameter', field, error: `${why}; ${takes(['import_file', ...OPTION_NAMES])}` }
}

const noBody = () =>
  validationError('', [
    { ...isRequired('import_file'), error: '"import_file" is required; the request has no body' },
  ])

/** A promise with its resolve and reject functions. It may be rejected before anybody awaits it. */
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
