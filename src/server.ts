import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from './config.js'
import type { PoolOf } from './db/owner-pool.js'
import type { Pool } from './db/pool.js'
import { countLongAnswers, Downloads } from './http/answer/downloads.js'
import { authenticate } from './http/auth.js'
import { jsonBodies } from './http/body/json.js'
import { readBodies } from './http/body/request-bodies.js'
import { deliverEarlyAnswers } from './http/connections/early-answers.js'
import { closeIdleConnections } from './http/connections/idle.js'
import { followRequests } from './http/connections/requests.js'
import { docsPages } from './http/docs.js'
import { serviceUnavailable } from './http/errors.js'
import {
  clientErrorHandler,
  closeOtherMethods,
  errorHandlers,
  frameworkErrors,
  unusualRequests,
} from './http/handlers.js'
import { documentRoutes, hideRoutes, openApiRoute } from './http/openapi.js'
import { RateLimits } from './http/rate-limits.js'
import { securityHeaders } from './http/security-headers.js'
import type { Metrics } from './metrics.js'
import { consoleAssets, consolePages } from './routes/console.js'
import { healthRoutes } from './routes/health.js'
import { importRoutes } from './routes/imports/routes.js'
import { importSchemas } from './routes/imports/schemas.js'
import { metricsRoute } from './routes/metrics.js'
import { oauthRoutes } from './routes/oauth.js'
import { recordRoutes } from './routes/records/routes.js'
import { recordSchemas } from './routes/records/schemas.js'
import { settingsRoutes } from './routes/settings.js'
import { webhookDocument } from './routes/webhook-document.js'
import type { Credentials } from './tenants/credentials.js'
import type { UploadStore } from './uploads/store.js'

export interface ServerDependencies {
  readonly config: Config
  readonly logger: Logger
  /** For what is asked before it is known who asks. */
  readonly pool: Pool
  readonly poolOf: PoolOf
  readonly store: UploadStore
  readonly credentials: Credentials
  readonly metrics: Metrics
  /** Whether the database was reached and migrated since the start. Until then nothing is asked of it. */
  readonly isReady: () => boolean
}

const MIN_BODY_LIMIT = 2 ** 20

/** For so long a connection may wait for its next request: longer than the proxies that keep one, most of them a minute. */
const KEEP_ALIVE_MS = 72_000

/** So often Node looks for requests whose headers are late, at least. */
const LATE_HEADERS_MS = 5000

/** Of the URL and all headers together. */
const MAX_HEADER_BYTES = 64 * 1024

/** Builds the HTTP application. It does not listen yet. */
export function buildServer({
  config,
  logger,
  pool,
  poolOf,
  store,
  credentials,
  metrics,
  isReady,
}: ServerDependencies): FastifyInstance {
  const requestTimeoutMs = config.requestTimeoutSeconds * 1000
  const limits = new RateLimits(config)
  const downloads = new Downloads(config.maxDownloads)
  const app = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    genReqId: () => randomUUID(),
    // The headers' limit is the parameters' as well. A filter of 8 KB may be three times as long in a URL.
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: requestTimeoutMs,
      requireHostHeader: false,
      connectionsCheckingInterval: Math.min(LATE_HEADERS_MS, requestTimeoutMs),
    },
    trustProxy: config.trustedProxies ?? false,
    routerOptions: { maxParamLength: MAX_HEADER_BYTES, ignoreTrailingSlash: true },
    frameworkErrors: frameworkErrors(requestTimeoutMs),
    clientErrorHandler: clientErrorHandler(requestTimeoutMs),
    // A record may be as long as a line.
    bodyLimit: Math.max(config.maxLineBytes, MIN_BODY_LIMIT),
    // An upload may take as long as it takes. The bodies that may not have a limit of their own.
    requestTimeout: 0,
    // A connection on which nothing moves is given up, so that a client that vanished leaves nothing open.
    connectionTimeout: config.idleTimeoutSeconds * 1000,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    // What comes on an open connection while we stop is answered still.
    return503OnClosing: false,
  })
  app.server.maxConnections = config.maxConnections
  errorHandlers(app)
  unusualRequests(app)
  securityHeaders(app)
  followRequests(app)
  closeIdleConnections(app)
  deliverEarlyAnswers(app, requestTimeoutMs)
  readBodies(app, requestTimeoutMs)
  jsonBodies(app)
  documentRoutes(app, [...importSchemas, ...recordSchemas], webhookDocument)
  docsPages(app)

  app.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request
    metrics.requestEnded(method, routeOptions.url, reply.statusCode, reply.elapsedTime / 1000)
  })

  const waitForDatabase = async () => {
    if (!isReady()) throw serviceUnavailable()
  }

  app.register(async (health) => {
    const closeMethods = closeOtherMethods(health)
    healthRoutes(health, pool, store, isReady)
    openApiRoute(health)
    metricsRoute(health, metrics)
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
      oauth.addHook('onRequest', waitForDatabase)
      const closeMethods = closeOtherMethods(oauth)
      oauthRoutes(oauth, pool, limits)
      closeMethods()
    },
    { prefix: '/oauth' },
  )

  const subscriptions = async (api: FastifyInstance) => {
    api.addHook('onRequest', waitForDatabase)
    api.addHook('onRequest', authenticate(credentials, limits))
    countLongAnswers(api, downloads)
    const closeMethods = closeOtherMethods(api)
    await api.register(async (imports) => {
      // Files are read as they arrive, by the route that takes one.
      imports.addContentTypeParser(
        ['multipart/form-data', 'application/jsonl', 'application/x-ndjson'],
        (_request, payload, done) => done(null, payload),
      )
      importRoutes(imports, {
        poolOf,
        downloads,
        store,
        limits: config,
        emit: (event) => metrics.workerDid(event),
      })
    })
    recordRoutes(api, poolOf, downloads)
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
      api.addHook('onRequest', waitForDatabase)
      api.addHook('onRequest', authenticate(credentials, limits))
      const closeMethods = closeOtherMethods(api)
      settingsRoutes(api, poolOf, credentials)
      closeMethods()
    },
    { prefix: '/v2' },
  )
  return app
}
