import { STATUS_CODES } from 'node:http'
import type { Failure, ImportStatus } from '../imports/import.js'
import type { Counts } from '../imports/scan.js'
import { networkFault } from '../network-fault.js'
import { CommandError } from './fail.js'
import { printable } from './terminal.js'

/** Where the API is, and who asks. */
export interface Address {
  /** Without a slash at its end: `http://127.0.0.1:8080`. */
  readonly url: string
  readonly apiKey: string
  /** Where the key comes from, for the sentence that it is wrong: `API_KEY`. */
  readonly keySource: string
}

/** The Import resource (contract 6), as far as this command reads it. */
export interface ImportAnswer {
  readonly id: string
  readonly attributes: { readonly status: ImportStatus }
  readonly meta: {
    readonly records: { readonly uploaded: Counts; readonly imported: Counts }
    readonly errors: number
    readonly file: { readonly lines: number }
    readonly failure?: Failure
  }
}

/** One problem of one line (contract 6), as far as this command reads it. */
export interface ErrorAnswer {
  readonly meta: { readonly line_number: number; readonly field: string; readonly error: string }
}

/** No answer, or one that says to ask later: asking again may help. */
export class ServerUnreachable extends CommandError {
  override name = 'ServerUnreachable'
}

const ANSWER_TIMEOUT_MS = 10_000

export const importPath = (id: string): string => `/subscriptions/imports/${id}`
export const errorsPath = (id: string): string => `${importPath(id)}/errors`

/** Where an import is now. @throws CommandError, ServerUnreachable, and the signal's reason */
export const getImport = (address: Address, id: string, signal: AbortSignal): Promise<ImportAnswer> =>
  get(address, importPath(id), signal)

/** The first errors of an import. @throws CommandError, ServerUnreachable, and the signal's reason */
export const getErrors = (
  address: Address,
  id: string,
  limit: number,
  signal: AbortSignal,
): Promise<ErrorAnswer[]> => get(address, `${errorsPath(id)}?page%5Blimit%5D=${limit}`, signal)

/** Whether something that speaks HTTP is at `url`, in good health. */
export async function answers(url: string): Promise<boolean> {
  try {
    const { ok } = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(1000) })
    return ok
  } catch {
    return false
  }
}

async function get<T>(address: Address, path: string, signal: AbortSignal): Promise<T> {
  try {
    const response = await fetch(`${address.url}${path}`, {
      headers: headersFor(address),
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
    })
    const { status, headers } = response
    const text = await response.text()
    return readAnswer<T>(address, { status, location: headers.get('location') ?? undefined, text })
  } catch (error) {
    signal.throwIfAborted()
    throw error instanceof CommandError ? error : unreachable(address, error)
  }
}

/** The headers of every request of the API. */
export const headersFor = ({ apiKey }: Address) => ({
  accept: 'application/json',
  authorization: `Bearer ${apiKey}`,
})

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number
  /** The header. */
  readonly location: string | undefined
  /** The body. */
  readonly text: string
}

/** Answers of a server, or of a proxy before it, that say nothing of the request itself. */
const TRANSIENT = [429, 502, 503, 504]

/** The `data` of an answer. @throws CommandError if it is an error or none of ours; ServerUnreachable if it may be another one later */
export function readAnswer<T>(address: Address, { status, location, text }: RawAnswer): T {
  const { data, errors } = parse(text)
  if (status >= 200 && status < 300) {
    if (data) return data as T
    throw new CommandError(`What answers at ${address.url} is no intake server.`)
  }
  if (status >= 300 && status < 400) {
    throw new CommandError(
      `The server at ${address.url} sends on to ${printable(location ?? 'elsewhere')}. Give --url the address that it sends to.`,
    )
  }
  // A proxy's answer, or one that was cut off, has only its status.
  const said = printable(errors?.map(sentence).join('; ') || (STATUS_CODES[status] ?? 'for no known reason'))
  if (status === 401) {
    throw new CommandError(
      `The server at ${address.url} does not accept the API key from ${address.keySource} (401: ${said}).`,
    )
  }
  const message = `The server at ${address.url} answered ${status}: ${said}${said.endsWith('.') ? '' : '.'}`
  throw TRANSIENT.includes(status) ? new ServerUnreachable(message) : new CommandError(message)
}

interface ErrorEntry {
  readonly title?: string
  readonly detail?: string
  readonly meta?: { readonly id?: string }
}

function parse(text: string): { data?: unknown; errors?: ErrorEntry[] } {
  try {
    const answer: unknown = JSON.parse(text)
    const { data, errors } = Object(answer) as { data?: unknown; errors?: unknown }
    return { data, ...(Array.isArray(errors) && { errors }) }
  } catch {
    return {}
  }
}

function sentence({ title, detail, meta }: ErrorEntry): string {
  const said = detail ?? title ?? 'It does not say why.'
  return meta?.id === undefined ? said : `${said} The other one's id is ${meta.id}.`
}

/** What went wrong below HTTP, as a sentence. */
export function unreachable({ url }: Address, error: unknown): ServerUnreachable {
  return new ServerUnreachable(`The server at ${url} cannot be reached: ${networkFault(error)}.`)
}
