import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import swagger from '@fastify/swagger'
import type { FastifyInstance } from 'fastify'
import Negotiator from 'negotiator'
import type { TSchema } from 'typebox'
import { Type } from '../../schema/type.js'
import { version } from '../../version.js'
import { operation } from './operation.js'
import { sharedSchemas } from './schemas.js'

const DESCRIPTION = `Bulk import of subscription data: a JSON Lines file in, records and an exact report out.

Every route under \`/v2/subscriptions\` answers the same under \`/subscriptions\`.

A text of the format \`text\` has neither U+0000 nor an unpaired surrogate; it is stored and answered exactly as given.
Attributes that a type does not know are ignored. Times are RFC 3339 in UTC with microseconds.

Beside the errors listed with each operation, a method that a path does not take is answered by 405 with \`Allow\`,
an unknown path by 404, a URL that cannot be decoded by 400, and headers without end by 431: all in the form of \`Errors\`.`

/** Names that the author of a client reads first. */
const TAGS = [
  { name: 'Access', description: 'How to get a token, and who has one.' },
  { name: 'Imports', description: 'Files, and the outcome of every line.' },
  { name: 'Records', description: 'The imported records, one by one.' },
  { name: 'Webhooks', description: 'Who is notified when an import ends.' },
  { name: 'Settings', description: "The store's settings." },
  { name: 'Service', description: 'For operators. No token is needed.' },
]

/**
 * Collects the documentation that routes carry as `schema` (see `operation`) into OpenAPI 3.1, answered at
 * `/openapi.json`. Responses are not serialized by it, but by `JSON.stringify`.
 *
 * @param schemas those that routes refer to by their `$id`, in addition to the shared ones.
 * @param webhooks the requests that we send, in the document's form.
 */
export function documentRoutes(
  app: FastifyInstance,
  schemas: readonly TSchema[],
  webhooks: Readonly<Record<string, object>>,
): void {
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
  for (const schema of [...sharedSchemas, ...schemas]) app.addSchema(schema)
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'intake', version: version(), description: DESCRIPTION },
      servers: [{ url: '/', description: 'This service.' }],
      tags: TAGS,
      security: [{ bearer: [] }, { oauth2: [] }],
      webhooks,
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key, or an access token.' },
          client: { type: 'http', scheme: 'basic', description: 'A client id and its secret.' },
          oauth2: {
            type: 'oauth2',
            description: 'An access token for a client id and its secret, valid for an hour.',
            flows: { clientCredentials: { tokenUrl: '/oauth/access_token', scopes: {} } },
          },
        },
      },
    },
    refResolver: { buildLocalReference: ({ $id }, _base, _fragment, index) => String($id ?? `def-${index}`) },
  })
}

const compress = promisify(gzip)

/** `GET /openapi.json`. */
export function openApiRoute(app: FastifyInstance): void {
  const schema = operation({
    id: 'getOpenApi',
    tag: 'Service',
    summary: 'This document.',
    isPublic: true,
    answers: {
      200: {
        description: 'OpenAPI 3.1.',
        schema: Type.Object({ openapi: Type.String() }, { additionalProperties: true }),
      },
    },
    errors: [500],
  })
  let gzipped: Promise<Buffer> | undefined
  app.get('/openapi.json', { schema }, async ({ raw }, reply) => {
    const encoding = new Negotiator(raw).encoding(['gzip', 'identity'])
    reply.header('vary', 'accept-encoding')
    if (encoding !== 'gzip') return app.swagger()
    // It never changes while the service runs, and every console reads it.
    gzipped ??= compress(JSON.stringify(app.swagger()))
    return reply
      .headers({ 'content-encoding': 'gzip', 'content-type': 'application/json; charset=utf-8' })
      .send(await gzipped)
  })
}

/** Leaves routes that are added to `app` from now on out of the document, which has them elsewhere. */
export function hideRoutes(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    route.schema = { ...route.schema, hide: true }
  })
}
