import { STATUS_CODES } from 'node:http'
import type { Problem } from '../schema/problem.js'
import { excerpt } from '../text/text.js'

/** One entry of `{"errors": […]}` (contract 3). */
export interface ErrorEntry {
  readonly status: string
  readonly title: string
  readonly detail?: string
  readonly meta?: Readonly<Record<string, unknown>>
}

/** An error response. Routes throw it; the error handler sends it. */
export class HttpError extends Error {
  override name = 'HttpError'
  constructor(
    readonly statusCode: number,
    readonly entries: readonly ErrorEntry[],
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(entries.map(({ title, detail }) => detail ?? title).join('; '))
  }
}

function httpError(
  statusCode: number,
  title: string,
  detail?: string,
  meta?: Readonly<Record<string, unknown>>,
  headers?: Readonly<Record<string, string>>,
): HttpError {
  const entry = {
    status: String(statusCode),
    title,
    ...(detail !== undefined && { detail }),
    ...(meta && { meta }),
  }
  return new HttpError(statusCode, [entry], headers)
}

export const badRequest = (detail: string) => httpError(400, 'Bad Request', detail)

export const unparsableFilter = (why: string) =>
  httpError(400, 'Bad Request', `Could not parse the supplied filter: ${why}`)

export const permissionDenied = (noun: string) =>
  httpError(403, 'Permission denied', `Permission denied: ${noun} tenancy mismatch`)

/**
 * One entry per problem; `path` is put in front of each problem's field: `data.attributes`. `meta` is about
 * all of them, and is put on the first.
 */
export const validationError = (
  path: string,
  problems: readonly Problem[],
  meta?: Readonly<Record<string, unknown>>,
) =>
  new HttpError(
    400,
    problems.map(({ code, field, error }, index) => ({
      status: '400',
      title: 'Validation Error',
      // Without a path, the whole body is wrong.
      detail: [[path, field].filter((part) => part !== '').join('.'), error].filter(Boolean).join(': '),
      meta: { ...(index === 0 && meta), code },
    })),
  )

/** @param challenge how to authenticate (RFC 9110, 11.6.1) */
export const unauthorized = (challenge = 'Bearer') =>
  httpError(401, 'Unable to validate access token', undefined, undefined, { 'www-authenticate': challenge })

/** `thing`: `import`, `plan`, … */
export const notFound = (thing: string) => httpError(404, 'Not Found', `No ${thing} found`)

/** What a process answers that leaves requests to others. */
export const noApi = () =>
  httpError(404, 'Not Found', 'This process only works on imports (WORKER_ONLY); ask one that has the API.')

export const methodNotAllowed = (allowed: readonly string[]) =>
  httpError(405, 'Method Not Allowed', `This resource takes ${allowed.join(', ')}.`, undefined, {
    allow: allowed.join(', '),
  })

export const requestTimeout = () =>
  httpError(408, 'Request Timeout', 'The body of the request did not arrive in time.', undefined, {
    connection: 'close',
  })

export const writeConflict = (detail: string, meta?: Readonly<Record<string, unknown>>) =>
  httpError(409, 'Write Conflict', detail, meta)

const gone = (detail: string) => httpError(410, 'Gone', detail)

/** @param at RFC 3339 */
export const reportExpired = (at: string) =>
  gone(
    `The errors of this import expired on ${at.slice(0, 10)}: they are kept only for some time after its end. Its counts remain.`,
  )

/** @param at RFC 3339 */
export const warningsExpired = (at: string) =>
  gone(
    `The warnings of this import expired on ${at.slice(0, 10)}: they are kept as long as its errors. Their number remains.`,
  )

export const reportTooOld = () =>
  gone(
    'This import is from before an upgrade: the positions and kinds of its errors were not kept then. Its list of errors is complete.',
  )

export const keepsNoJournal = (onConflict: string) =>
  writeConflict(
    `This import has on_conflict=${onConflict}, which changes no record: its results say what each line became.`,
  )

export const resultsExpired = (at: string) =>
  gone(
    `The list of records that this import changed was kept only until ${at.slice(0, 10)}. The records remain.`,
  )

/** @param at RFC 3339 */
export const fileExpired = (at: string) =>
  gone(
    `The file of this import expired on ${at.slice(0, 10)}: it is kept only for some time after its end. Post it again.`,
  )

/** @param at RFC 3339 */
export const undoExpired = (at: string) =>
  gone(
    `What this import did is noted only for some time after its end, and can be undone only until then. It expired on ${at.slice(0, 10)}.`,
  )

export const fileGone = () => gone('The file of this import is no longer there. Post it again.')

/** Another process may answer the next attempt: proxies try one after a 503. */
export const fileElsewhere = () =>
  httpError(
    503,
    'Service Unavailable',
    'Another process of the service has the file of this import, in its own uploads folder; please ask that one.',
    undefined,
    { 'retry-after': '5' },
  )

/** RFC 9110's name for it; Node's list still has the older one. */
export const contentTooLarge = (detail: string) => httpError(413, 'Content Too Large', detail)

export const unsupportedMediaType = (detail: string) => httpError(415, 'Unsupported Media Type', detail)

/** @param known the encodings that would be accepted. */
export const unknownContentEncoding = (given: string, known: readonly string[]) =>
  httpError(
    415,
    'Unsupported Media Type',
    `The content encoding "${excerpt(given)}" is not supported; ${known.length > 0 ? `${known.join(' and ')} ${known.length === 1 ? 'is' : 'are'}, and ` : ''}send the body without one.`,
    undefined,
    { 'accept-encoding': [...known, 'identity'].join(', ') },
  )

export const tooManyRequests = (detail: string, retryAfterSeconds: number) =>
  httpError(429, 'Too Many Requests', detail, undefined, { 'retry-after': String(retryAfterSeconds) })

export const noRoom = () =>
  httpError(
    503,
    'Service Unavailable',
    'The server has no room for this file; nothing of it was imported.',
    undefined,
    { 'retry-after': '60' },
  )

export const serviceUnavailable = () =>
  httpError(
    503,
    'Service Unavailable',
    'The database cannot be reached at the moment; please try again.',
    undefined,
    {
      'retry-after': '5',
    },
  )

export const uploadsAway = () =>
  httpError(
    503,
    'Service Unavailable',
    'The uploads are not available at the moment; please try again.',
    undefined,
    { 'retry-after': '5' },
  )

export const tookTooLong = () =>
  httpError(
    503,
    'Service Unavailable',
    'The database took too long over this request, which has changed nothing; please try again later.',
    undefined,
    { 'retry-after': '5' },
  )

export const waitedTooLong = () =>
  httpError(
    503,
    'Service Unavailable',
    'Too many requests of this store or organization are waiting for the database; please try again later.',
    undefined,
    { 'retry-after': '5' },
  )

export const internalServerError = (requestId: string) =>
  httpError(500, 'Internal Server Error', 'An internal error has occurred.', { request_id: requestId })

/** What the framework itself refuses, in our form. */
export const refused = (statusCode: number, detail: string) =>
  httpError(
    statusCode,
    statusCode === 413 ? 'Content Too Large' : (STATUS_CODES[statusCode] ?? 'Bad Request'),
    detail,
  )
