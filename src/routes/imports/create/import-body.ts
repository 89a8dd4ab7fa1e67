import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { isForm, isJsonLines } from '../../../http/body/media-types.js'
import { ClientGone, type RequestBody } from '../../../http/body/request-body.js'
import { badRequest, contentTooLarge, HttpError, unsupportedMediaType } from '../../../http/errors.js'
import type { Options } from './options.js'

/** What is posted to `/subscriptions/imports` (contract 6). */
export interface ImportBody<File> {
  readonly file: File
  /** The name that it was sent with. */
  readonly fileName: string | undefined
  readonly options: Options
}

/** The most bytes for the framing of the parts and the other fields, besides the file. */
const MAX_FRAMING_BYTES = 64 * 1024

export interface Handlers<File> {
  /** Receives the file's bytes as they arrive. If it throws, the request ends. */
  receive(bytes: AsyncIterable<Buffer>): Promise<File>
  /** Undoes what `receive` returned, if the form turns out to be wrong. */
  discard(file: File): Promise<void>
  /** Called before the file is received, with the options known by then. If it throws, the request ends. */
  check(options: Options): Promise<void>
}

/**
 * Accepts only the media types of an import, before the body is read as something else.
 *
 * @throws HttpError 415
 */
export async function requireImportBody({ headers }: Pick<IncomingMessage, 'headers'>): Promise<void> {
  const type = headers['content-type']
  if (!isForm(type) && !isJsonLines(type)) {
    throw unsupportedMediaType(
      'Post an import as multipart/form-data with the file in the part "import_file", or as application/jsonl with only the file.',
    )
  }
}

/** @throws HttpError 413 if the request announces a body that is too long */
export function checkLength({ headers }: RequestBody, maxFileBytes: number): void {
  if (Number(headers['content-length'] ?? 0) > maxFileBytes + MAX_FRAMING_BYTES) {
    throw tooLarge(maxFileBytes)
  }
}

/** Whether more has arrived than the largest file and its form have. */
export const isTooLong = ({ bytes }: RequestBody, maxFileBytes: number): boolean =>
  bytes > maxFileBytes + MAX_FRAMING_BYTES

export const tooLarge = (maxFileBytes: number) =>
  contentTooLarge(`An import file may have at most ${maxFileBytes} bytes.`)

/** The parser truncates a file at the limit; here that is an error. */
export async function* withLimit(
  stream: Readable & { truncated?: boolean },
  maxFileBytes: number,
): AsyncGenerator<Buffer> {
  let length = 0
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      length += piece.length
      if (length > maxFileBytes) throw tooLarge(maxFileBytes)
      yield piece
    }
  } catch (error) {
    throw error instanceof HttpError || error instanceof ClientGone ? error : unreadable(error as Error)
  }
  if (stream.truncated) throw tooLarge(maxFileBytes)
}

export const unreadable = (error: Error) => badRequest(`The multipart body cannot be read: ${error.message}.`)
