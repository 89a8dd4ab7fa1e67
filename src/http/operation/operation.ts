import type { FastifySchema } from 'fastify'
import type { TObject, TSchema, TString } from 'typebox'
import { Type } from '../../schema/type.js'
import { named, uuid } from './schemas.js'

/** The documentation of a route. Errors are named by their status; those that every route has are added. */
export interface Operation<
  Ids extends Readonly<Record<string, string>>,
  Query extends Record<string, TSchema>,
  Body extends TSchema,
> {
  /** Unique; generated clients use it as the name of a function. */
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  /** The path's parameters: name → what it is the id of. */
  readonly ids?: Ids
  readonly query?: Query
  readonly body?: Body
  /** The body's media type, unless it is JSON. */
  readonly consumes?: string
  /** The body by media type, if there are several. */
  readonly bodies?: Readonly<Record<string, TSchema>>
  readonly answers: Readonly<Record<number, DocumentedAnswer>>
  readonly errors?: readonly ErrorStatus[]
  /** Whether it needs no token. */
  readonly isPublic?: boolean
  /** How a caller authenticates, by the names of the document's `securitySchemes`. */
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
}

interface DocumentedAnswer {
  readonly description: string
  /** Absent: the response has no body. */
  readonly schema?: TSchema
  /** By media type, if it is not only JSON. */
  readonly alternatives?: Readonly<Record<string, TSchema>>
  readonly headers?: Readonly<Record<string, TSchema>>
}

type ErrorStatus = keyof typeof errorAnswers

interface ErrorAnswer {
  readonly description: string
  readonly title: string
  readonly detail?: string
  readonly meta?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, TSchema>>
}

const retryAfter = { 'retry-after': Type.String({ description: 'Seconds to wait before trying again.' }) }

const errorAnswers = {
  400: {
    description: 'Something in the request is wrong; one entry per problem.',
    title: 'Validation Error',
    detail: 'data.attributes.name: "name" is required',
    meta: { code: 'required' },
  },
  401: {
    description: 'The token is missing, unknown or expired.',
    title: 'Unable to validate access token',
    headers: { 'www-authenticate': Type.String() },
  },
  403: {
    description: 'It is visible, but does not belong to the caller.',
    title: 'Permission denied',
    detail: 'Permission denied: plan tenancy mismatch',
  },
  404: { description: 'There is none that the caller can see.', title: 'Not Found', detail: 'No plan found' },
  409: {
    description: 'A unique `external_ref` is taken, or the operation cannot be done now.',
    title: 'Write Conflict',
    detail: 'The external_ref is that of another plan.',
    meta: { id: '0190d5c8-3c1a-7d9e-8a51-5f2b8f6b0c11' },
  },
  410: {
    description: 'It existed, but is no longer kept.',
    title: 'Gone',
    detail:
      'The errors of this import expired on 2017-02-09: they are kept only for some time after its end. Its counts remain.',
  },
  413: {
    description: 'The body is too large.',
    title: 'Content Too Large',
    detail: 'Request body is too large',
  },
  415: {
    description: 'The media type of the body is wrong.',
    title: 'Unsupported Media Type',
    detail: 'The body of a request is application/json.',
  },
  429: {
    description:
      'The credential sends too many requests, too many secrets from this address were wrong, or too many uploads or downloads are under way.',
    title: 'Too Many Requests',
    detail: 'At most 10000 requests a second are answered to one API key or client.',
    headers: retryAfter,
  },
  500: {
    description: 'Our fault.',
    title: 'Internal Server Error',
    detail: 'An internal error has occurred.',
    meta: { request_id: '5d8c0c11-53bb-4b5e-a2b1-6d6f8b3f0a51' },
  },
  503: {
    description: 'The database cannot be reached at the moment, or takes too long.',
    title: 'Service Unavailable',
    detail: 'The database cannot be reached at the moment; please try again.',
    headers: retryAfter,
  },
} satisfies Record<number, ErrorAnswer>

/** The errors of every route that looks up its caller in the database. */
const EVERYWHERE = [401, 429, 500, 503] as const

/** A route's documentation, from whose types its handler gets those of the parameters and the body. */
export interface RouteSchema<Ids, Query extends Record<string, TSchema>, Body extends TSchema>
  extends FastifySchema {
  readonly params: TObject<{ [Name in keyof Ids & string]: TString }>
  readonly querystring: TObject<Query>
  readonly body: Body
}

/**
 * A route's documentation as fastify's `schema` option, which validates its requests (see
 * `validateRequests`).
 */
export function operation<
  const Ids extends Readonly<Record<string, string>>,
  Query extends Record<string, TSchema>,
  Body extends TSchema,
>(documented: Operation<Ids, Query, Body>): RouteSchema<Ids, Query, Body> {
  const {
    id,
    tag,
    summary,
    description,
    ids,
    query,
    body,
    consumes,
    bodies,
    answers,
    errors = [],
    isPublic,
    security = [],
  } = documented
  const schema = {
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(ids && { params: Type.Object(mapValues(ids, (what) => uuid(`The id of the ${what}.`))) }),
    ...(query && { querystring: Type.Object(query) }),
    ...(body && { body }),
    ...(bodies && { body: { content: mapValues(bodies, (schema) => ({ schema })) } }),
    ...(consumes !== undefined && { consumes: [consumes] }),
    ...(isPublic && { security }),
    response: {
      ...mapValues(answers, answer),
      ...Object.fromEntries(
        [...new Set([...errors, ...(isPublic ? [] : EVERYWHERE)])].map((status) => [
          status,
          errorAnswer(status, errorAnswers[status]),
        ]),
      ),
    },
  }
  // What a route does not take is absent, and its handler cannot use it.
  return schema as FastifySchema as RouteSchema<Ids, Query, Body>
}

function answer({ description, schema, alternatives, headers }: DocumentedAnswer) {
  const media = { ...(schema && { 'application/json': schema }), ...alternatives }
  return {
    description,
    ...(headers && { headers }),
    ...(Object.keys(media).length > 0
      ? { content: mapValues(media, (one) => ({ schema: one })) }
      : { type: 'null' }),
  }
}

function errorAnswer(status: number, { description, headers, ...entry }: ErrorAnswer) {
  const example = { errors: [{ status: String(status), ...entry }] }
  return {
    description,
    ...(headers && { headers }),
    content: { 'application/json': { schema: named('Errors'), example } },
  }
}

const mapValues = <From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
