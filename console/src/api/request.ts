import { currentCredential } from '../session'

/** One entry of the service's `{"errors": […]}`. */
export interface Problem {
  readonly status: string
  readonly title: string
  readonly detail?: string
  readonly meta?: { readonly id?: string; readonly request_id?: string }
}

/** The service answered, and not with what was asked for. Its message is the service's own sentences. */
export class Refused extends Error {
  override name = 'Refused'
  constructor(
    readonly status: number,
    readonly problems: readonly Problem[],
  ) {
    super(problems.map(({ title, detail }) => detail ?? title).join('\n'))
  }
}

/** No answer came. */
export class Unreachable extends Error {
  override name = 'Unreachable'
  constructor() {
    super('The service does not answer. Is it still running?')
  }
}

/** Whether the same may work later. What the service refused otherwise it will refuse again. */
export const isPassing = (error: Error): boolean =>
  !(error instanceof Refused) || error.status >= 500 || error.status === 429

const BASE = '/v2/subscriptions'

export const urlOf = (path: string): string => `${BASE}${path}`

interface RequestOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** A key to ask with, instead of the session. */
  readonly key?: string
  /** The credential that the session must be of; `*`: any. */
  readonly credential?: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** The media type to ask for, if there are several. */
  readonly accept?: string | undefined
}

/**
 * What a request in the session needs beside the cookie: it is refused if another tab has signed in with
 * another key meanwhile, so nothing can go to the wrong store.
 */
export const sessionHeader = (credential = currentCredential()): readonly [name: string, value: string] => [
  'x-intake-credential',
  credential,
]

/** Asks the API. @throws Refused, Unreachable */
export async function request(url: string, options: RequestOptions = {}): Promise<Response> {
  const { method = 'GET', body } = options
  const response = await fetch(url, {
    method,
    headers: headersOf(options),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Unreachable()
  })
  if (!response.ok) throw refused(response.status, await response.text().catch(() => ''))
  return response
}

/** @throws Refused */
function headersOf({ key, credential, body, accept }: RequestOptions): Headers {
  const headers = new Headers()
  if (body !== undefined) headers.set('content-type', 'application/json')
  if (accept !== undefined) headers.set('accept', accept)
  if (key === undefined) {
    headers.set(...sessionHeader(credential))
    return headers
  }
  try {
    headers.set('authorization', `Bearer ${key}`)
  } catch {
    // A text that no header can have is nobody's key.
    throw refused(401, '')
  }
  return headers
}

export async function requestJson<T>(url: string, options?: RequestOptions): Promise<T> {
  return whole((await request(url, options)).json())
}

/** An answer's body as it is read: where it breaks off, the service went away. @throws Unreachable */
export const whole = <T>(body: Promise<T>): Promise<T> =>
  body.catch((error: unknown) => {
    throw error instanceof SyntaxError ? error : new Unreachable()
  })

/** What an answer that is none of 2xx says; a proxy's own page says nothing that we could read. */
export function refused(status: number, body: string): Refused {
  return new Refused(
    status,
    problemsOf(body) ?? [{ status: String(status), title: `The answer was ${status}.` }],
  )
}

function problemsOf(body: string): readonly Problem[] | undefined {
  try {
    const { errors } = JSON.parse(body) as { errors?: readonly Problem[] }
    return Array.isArray(errors) ? errors : undefined
  } catch {
    return undefined
  }
}

/** A page of a list. */
export interface Page<T> {
  readonly data: readonly T[]
  readonly meta: {
    readonly page: { readonly limit: number; readonly offset: number }
    readonly results: { readonly total: number }
  }
}

/** How many rows a page shows. */
export const PAGE_LENGTH = 25

export const pageQuery = (offset: number): URLSearchParams =>
  new URLSearchParams({ 'page[offset]': String(offset), 'page[limit]': String(PAGE_LENGTH) })

/** A value of a filter, quoted. */
export const quoted = (value: string): string => `"${value.replaceAll(/[\\"]/g, '\\$&')}"`

export const equals = (attribute: string, value: string): string => `eq(${attribute},${quoted(value)})`

/** A condition that finds a text anywhere in an attribute. */
export const contains = (attribute: string, text: string): string =>
  `like(${attribute},${quoted(`*${text}*`)})`
