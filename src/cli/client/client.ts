import { STATUS_CODES } from 'node:http'
import type {
  ImportErrorKindResource,
  ImportErrorResource,
  ImportResource,
  ImportWarningResource,
  UndoPreviewResource,
} from '../../imports/resource/schema.js'
import { networkFault } from '../../text/network-fault.js'
import { CommandError } from '../terminal/fail.js'
import { printable } from '../terminal/terminal.js'

/** Where the API is, and who asks. */
export interface Address {
  /** Without a slash at its end: `http://127.0.0.1:8080`. */
  readonly url: string
  readonly apiKey: string
  /** Where the key comes from, for the sentence that says it is wrong: `API_KEY`. */
  readonly keySource: string
}

/** What is shown of one problem of one line. */
export interface ErrorAnswer {
  readonly meta: Pick<ImportErrorResource['meta'], 'line_number' | 'field' | 'error'>
}

/** What is shown of problems that are the same apart from names, places and numbers. */
export type ErrorKindAnswer = Pick<ImportErrorKindResource, 'meta'>

/** What is shown of what is no error and yet would surprise. */
export type WarningAnswer = Pick<ImportWarningResource, 'meta'>

/** A page of a list (contract 4), as far as these commands read it. */
export interface PageAnswer<T> {
  readonly data: readonly T[]
  readonly meta: { readonly page: { readonly offset: number }; readonly results: { readonly total: number } }
}

/** No response, or one that asks us to try later: asking again may help. */
export class ServerUnreachable extends CommandError {
  override name = 'ServerUnreachable'
}

/** There is no such thing at the server, as it says itself. */
export class NotFound extends CommandError {
  override name = 'NotFound'
}

const ANSWER_TIMEOUT_MS = 10_000

export const IMPORTS = '/subscriptions/imports'
export const importPath = (id: string): string => `${IMPORTS}/${encodeURIComponent(id)}`
export const recordsPath = (table: string): string => `/subscriptions/${table}`
export const errorsPath = (id: string): string => `${importPath(id)}/errors`

/** The current state of an import. @throws CommandError, ServerUnreachable, and the signal's reason */
export const getImport = async (address: Address, id: string, signal: AbortSignal): Promise<ImportResource> =>
  (await ask<{ data: ImportResource }>(address, importPath(id), signal)).data

/**
 * An import's errors by kind, the most frequent first. @throws CommandError, ServerUnreachable, and the
 * signal's reason
 */
export const getErrorKinds = async (
  address: Address,
  id: string,
  signal: AbortSignal,
): Promise<ErrorKindAnswer[]> =>
  (await ask<{ data: ErrorKindAnswer[] }>(address, `${errorsPath(id)}/kinds`, signal)).data

/** An import's warnings, what most lines have first. @throws as `getImport` */
export const getWarnings = async (
  address: Address,
  id: string,
  signal: AbortSignal,
): Promise<WarningAnswer[]> =>
  (await ask<{ data: WarningAnswer[] }>(address, `${importPath(id)}/warnings`, signal)).data

/** Which part of a list: records, not pages. */
export interface PageFlags {
  readonly limit?: number
  readonly offset?: number
}

/** A page of a list. @throws CommandError, ServerUnreachable, and the signal's reason */
export function getPage<T>(
  address: Address,
  path: string,
  { limit, offset }: PageFlags,
  signal: AbortSignal,
  filter?: string,
): Promise<PageAnswer<T>> {
  const query = new URLSearchParams()
  if (limit !== undefined) query.set('page[limit]', String(limit))
  if (offset !== undefined) query.set('page[offset]', String(offset))
  if (filter !== undefined) query.set('filter', filter)
  return ask(address, query.size === 0 ? path : `${path}?${query}`, signal)
}

/**
 * Cancels an import, resumes it, runs a rehearsal, or takes an import back. @throws CommandError,
 * ServerUnreachable, and the signal's reason
 */
export const controlImport = async (
  address: Address,
  id: string,
  action: 'cancel' | 'retry' | 'run' | 'undo',
  signal: AbortSignal,
): Promise<ImportResource> =>
  (await ask<{ data: ImportResource }>(address, `${importPath(id)}/${action}`, signal, 'POST')).data

/** Counting what would become of millions of records takes its time. */
const PREVIEW_TIMEOUT_MS = 10 * 60_000

/**
 * What it would do to take an import back. @throws CommandError, ServerUnreachable, and the signal's reason
 */
export const previewUndo = async (
  address: Address,
  id: string,
  signal: AbortSignal,
): Promise<UndoPreviewResource> => {
  const path = `${importPath(id)}/undo?dry_run=true`
  return (await ask<{ data: UndoPreviewResource }>(address, path, signal, 'POST', PREVIEW_TIMEOUT_MS)).data
}

/** Whether the API key belongs to a store or to an organization. @throws as `getImport` */
export const getOwnerKind = async (
  address: Address,
  signal: AbortSignal,
): Promise<'store' | 'organization'> =>
  (await ask<{ data: { meta: { owner: 'store' | 'organization' } } }>(address, '/v2/me', signal)).data.meta
    .owner

/** The JSON Lines at a path. @throws CommandError, ServerUnreachable, and the signal's reason */
export async function download(
  address: Address,
  path: string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  try {
    const response = await fetch(`${address.url}${path}`, {
      headers: { ...headersFor(address), accept: 'application/jsonl' },
      redirect: 'manual',
      signal,
    })
    // An error, or a response of something else.
    if (!response.ok || !response.body) await readResponse(address, response)
    return bytesOf(address, response, signal)
  } catch (error) {
    throw explained(address, error, signal)
  }
}

async function* bytesOf(
  address: Address,
  { body }: Response,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    if (body) yield* body
  } catch (error) {
    throw explained(address, error, signal)
  }
}

/** Whether a healthy HTTP service answers at `url`. */
export async function answers(url: string): Promise<boolean> {
  try {
    const { ok } = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(1000) })
    return ok
  } catch {
    return false
  }
}

async function ask<T>(
  address: Address,
  path: string,
  signal: AbortSignal,
  method = 'GET',
  timeoutMs = ANSWER_TIMEOUT_MS,
): Promise<T> {
  try {
    const response = await fetch(`${address.url}${path}`, {
      method,
      headers: headersFor(address),
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    return (await readResponse(address, response)) as T
  } catch (error) {
    throw explained(address, error, signal)
  }
}

async function readResponse(address: Address, response: Response): Promise<unknown> {
  const { status, headers } = response
  const text = await response.text()
  return readAnswer(address, { status, location: headers.get('location') ?? undefined, text })
}

/** The error to throw when a request failed. */
function explained(address: Address, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  return error instanceof CommandError ? error : unreachable(address, error)
}

/** The headers of every request of the API. */
export const headersFor = ({ apiKey }: Address) => ({
  accept: 'application/json',
  authorization: `Bearer ${apiKey}`,
})

/** A response as received. */
export interface RawAnswer {
  readonly status: number
  /** The header. */
  readonly location: string | undefined
  /** The body. */
  readonly text: string
}

/** Statuses whose sentence, if it is the service's own, says all that a person needs. */
const REFUSALS = [404, 409, 410]

/** Statuses of a server, or a proxy in front of it, that say nothing about the request itself. */
const TRANSIENT = [429, 502, 503, 504]

/**
 * A response with `data`.
 *
 * @throws CommandError if it is an error or not ours; ServerUnreachable if asking
 * again may help
 */
export function readAnswer<T>(
  address: Address,
  { status, location, text }: RawAnswer,
): { readonly data: T; readonly meta?: unknown } {
  const { data, meta, errors } = parse(text)
  if (status >= 200 && status < 300) {
    if (data) return { data: data as T, meta }
    throw new CommandError(`What answers at ${address.url} is not an intake server.`)
  }
  if (status >= 300 && status < 400) {
    throw new CommandError(
      `The server at ${address.url} redirects to ${printable(location ?? 'elsewhere')}. Give --url that address.`,
    )
  }
  // A response of a proxy, or one that was cut off, has only its status.
  const said = printable(
    errors?.map(sentence).join('; ') || (STATUS_CODES[status] ?? 'for an unknown reason'),
  )
  if (status === 401) {
    throw new CommandError(
      `The server at ${address.url} does not accept the API key from ${address.keySource} (401: ${said}).`,
    )
  }
  if (status === 403 && errors?.[0]?.detail !== undefined) {
    const only = 'only an API key of the organization can do this'
    throw new CommandError(`It belongs to the organization of this store, and ${only} (403: ${said}).`)
  }
  if (errors?.[0]?.detail !== undefined && REFUSALS.includes(status)) {
    const message = said.endsWith('.') ? said : `${said}.`
    throw status === 404 ? new NotFound(message) : new CommandError(message)
  }
  const message = `The server at ${address.url} answered ${status}: ${said}${said.endsWith('.') ? '' : '.'}`
  throw TRANSIENT.includes(status) ? new ServerUnreachable(message) : new CommandError(message)
}

interface ErrorEntry {
  readonly title?: string
  readonly detail?: string
  readonly meta?: { readonly id?: string }
}

function parse(text: string): { data?: unknown; meta?: unknown; errors?: ErrorEntry[] } {
  try {
    const answer: unknown = JSON.parse(text)
    const { data, meta, errors } = Object(answer) as { data?: unknown; meta?: unknown; errors?: unknown }
    return { data, meta, ...(Array.isArray(errors) && { errors }) }
  } catch {
    return {}
  }
}

function sentence({ title, detail, meta }: ErrorEntry): string {
  const said = detail ?? title ?? 'It does not say why.'
  return meta?.id === undefined ? said : `${said} Its id is ${meta.id}.`
}

/** What went wrong below HTTP, as a sentence. */
export function unreachable({ url }: Address, error: unknown): ServerUnreachable {
  return new ServerUnreachable(`The server at ${url} cannot be reached: ${networkFault(error)}.`)
}
