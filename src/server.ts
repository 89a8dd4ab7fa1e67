import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from './config.js'
import type { Pool } from './db/pool.js'
import { authenticate } from './http/auth.js'
import { jsonBodies } from './http/body.js'
import { docsPages } from './http/docs.js'
import { clientErrorHandler, closeOtherMethods, errorHandlers, frameworkErrors } from './http/handlers.js'
import { documentRoutes, hideRoutes, openApiRoute } from './http/openapi.js'
import { consoleAssets, consolePages } from './routes/console.js'
import { healthRoutes } from './routes/health.js'
import { importSchemas } from './routes/import-schemas.js'
import { importRoutes } from './routes/imports.js'
import { oauthRoutes } from './routes/oauth.js'
import { recordSchemas } from './routes/record-schemas.js'
import { recordRoutes } from './routes/records.js'
import { settingsRoutes } from './routes/settings.js'
import type { Credentials } from './tenants/credentials.js'
import type { UploadStore } from './uploads/store.js'

export interface ServerDependencies {
  readonly config: Config
  readonly logger: Logger
  readonly pool: Pool
  readonly store: UploadStore
  readonly credentials: Credentials
}

const MIN_BODY_LIMIT = 2 ** 20

/** For so long a connection with a request under way may be silent. */
const IDLE_MS = 120_000

/** Of the URL and all headers together. */
const MAX_HEADER_BYTES = 64 * 1024

/** Builds the HTTP application. It does not listen yet. */
export function buildServer({
  config,
  logger,
  pool,
  store,
  credentials,
}: ServerDependencies): FastifyInstance {
  const app = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    genReqId: () => randomUUID(),
    // The headers' limit is the parameters' as well. A filter of 8 KB may be three times as long in a URL.
    http: { maxHeaderSize: MAX_HEADER_BYTES },
    routerOptions: { maxParamLength: MAX_HEADER_BYTES, ignoreTrailingSlash: true },
    frameworkErrors,
    clientErrorHandler,
    // A record may be as long as a line.
    bodyLimit: Math.max(config.maxLineBytes, MIN_BODY_LIMIT),
    // An upload may take as long as it takes; only its headers have to come soon.
    requestTimeout: 0,
    // A connection on which nothing moves is given up, so that a client that vanished leaves nothing open.
    connectionTimeout: IDLE_MS,
    forceCloseConnections: 'idle',
  })
  errorHandlers(app)
  jsonBodies(app)
  documentRoutes(app, [...importSchemas, ...recordSchemas])
  docsPages(app)
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })

  app.register(async (health) => {
    const closeMethods = closeOtherMethods(health)
    healthRoutes(health, pool)
    openApiRoute(health)
    closeMethods()
  })

  app.register(async (pages) => {
    const closeMethods = closeOtherMethods(pages)
    consolePages(pages)
    closeMethods()
  })
  consoleAssets(app)

  app.register(
    async (oauth) => {
      const closeMethods = closeOtherMethods(oauth)
      oauthRoutes(oauth, pool)
      closeMethods()
    },
    { prefix: '/oauth' },
  )

  const subscriptions = async (api: FastifyInstance) => {
    api.addHook('onRequest', authenticate(credentials))
    const closeMethods = closeOtherMethods(api)
    await api.register(async (imports) => {
      // Forms are read as they arrive, by the route that takes one.
      imports.addContentTypeParser('multipart/form-data', (_request, _payload, done) => done(null))
      importRoutes(imports, { pool, store, limits: config })
    })
    recordRoutes(api, pool)
    closeMethods()
  }
  app.register(
    async (api) => {
      hideRoutes(api)
      await subscriptions(api)
    },
    { prefix: '/subscriptions' },
  )
  app.register(subscriptions, { prefix: '/v2/subscriptions' })
  app.register(
    async (api) => {
      api.addHook('onRequest', authenticate(credentials))
      const closeMethods = closeOtherMethods(api)
      settingsRoutes(api, pool, credentials)
      closeMethods()
    },
    { prefix: '/v2' },
  )
  return app
}
