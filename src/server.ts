import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from './config/config.js'
import type { PoolOf } from './db/owner-pool.js'
import type { Pool } from './db/pool.js'
import { authenticate } from './http/access/auth.js'
import { RateLimits } from './http/access/rate-limits.js'
import { countLongAnswers, Downloads } from './http/answer/downloads.js'
import { jsonBodies } from './http/body/json.js'
import { readBodies } from './http/body/request-bodies.js'
import { deliverEarlyAnswers } from './http/connections/early-answers.js'
import { closeIdleConnections } from './http/connections/idle.js'
import { followRequests } from './http/connections/requests.js'
import { noApi, notFound, serviceUnavailable } from './http/errors.js'
import {
  clientErrorHandler,
  closeOtherMethods,
  errorHandlers,
  frameworkErrors,
  knowAllMethods,
  unusualRequests,
} from './http/handlers.js'
import { docsPages } from './http/operation/docs.js'
import { documentRoutes, hideRoutes, openApiRoute } from './http/operation/openapi.js'
import { validateRequests } from './http/operation/validation.js'
import { securityHeaders } from './http/security-headers.js'
import type { Metrics } from './metrics.js'
import { accessRoutes } from './routes/access/routes.js'
import { consoleAssets, consolePages } from './routes/console.js'
import { healthRoutes } from './routes/health.js'
import { UploadPlaces } from './routes/imports/create/upload-places.js'
import { importRoutes } from './routes/imports/routes.js'
import { importSchemas } from './routes/imports/schemas.js'
import { metricsRoute } from './routes/metrics.js'
import { oauthRoutes } from './routes/oauth.js'
import { recordRoutes } from './routes/records/routes.js'
import { recordSchemas } from './routes/records/schemas.js'
import { settingsRoutes } from './routes/settings.js'
import { webhookDocument } from './routes/webhook-document.js'
import type { Credentials } from './tenants/credentials.js'
import type { UploadStores } from './uploads/stores.js'

export interface ServerDependencies {
  readonly config: Config
  readonly logger: Logger
  /** The pool for requests whose caller is not known yet. */
  readonly pool: Pool
  readonly poolOf: PoolOf
  readonly stores: UploadStores
  readonly credentials: Credentials
  readonly metrics: Metrics
  /** Whether the database has been reached and migrated since the start. Until then it gets no queries. */
  readonly isReady: () => boolean
}

/** Builds the HTTP application. It does not listen yet. */
export function buildServer(dependencies: ServerDependencies): FastifyInstance {
  const { config, logger } = dependencies
  const app = createApplication(config, logger)
  addSharedParts(app, config)
  countRequests(app, dependencies.metrics)
  const { pool, stores } = dependencies
  const limits = new RateLimits(config, stores.isShared ? pool : undefined)
  addServiceRoutes(app, dependencies)
  if (config.workerOnly) return app
  addPublicRoutes(app, dependencies, limits)
  addApi(app, dependencies, limits)
  return app
}

const MIN_BODY_LIMIT = 2 ** 20

/**
 * How long a connection may wait for its next request: longer than proxies keep one, which is usually a
 * minute.
 */
const KEEP_ALIVE_MS = 72_000

/** The longest time between two checks by Node for requests whose headers are late. */
const LATE_HEADERS_MS = 5000

/** The most bytes of the URL and all headers together. */
const MAX_HEADER_BYTES = 64 * 1024

function createApplication(config: Config, logger: Logger): FastifyInstance {
  const requestTimeoutMs = config.requestTimeoutSeconds * 1000
  const app = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    genReqId: () => randomUUID(),
    // The headers' limit also applies to parameters. A filter of 8 KB may be three times as long in a URL.
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
    // An upload may take any time. Other bodies have their own limit.
    requestTimeout: 0,
    // A silent connection is closed, so that a client that vanished leaves nothing open.
    connectionTimeout: config.idleTimeoutSeconds * 1000,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    // Requests on an open connection are still answered while we stop.
    return503OnClosing: false,
  })
  app.server.maxConnections = config.maxConnections
  return app
}

/** Adds what all routes share. */
function addSharedParts(app: FastifyInstance, { requestTimeoutSeconds, workerOnly }: Config): void {
  const requestTimeoutMs = requestTimeoutSeconds * 1000
  errorHandlers(app, workerOnly ? noApi() : notFound('resource'))
  unusualRequests(app)
  knowAllMethods(app)
  securityHeaders(app)
  followRequests(app)
  closeIdleConnections(app)
  deliverEarlyAnswers(app, requestTimeoutMs)
  readBodies(app, requestTimeoutMs)
  jsonBodies(app)
  validateRequests(app)
  documentRoutes(app, [...importSchemas, ...recordSchemas], webhookDocument)
}

function countRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime }) => {
    metrics.requestEnded(method, routeOptions.url, statusCode, elapsedTime / 1000)
  })
}

/** Adds the routes about the process itself, which every process has. */
function addServiceRoutes(
  app: FastifyInstance,
  { pool, stores, metrics, isReady }: ServerDependencies,
): void {
  addRoutes(app, '', (service) => {
    healthRoutes(service, pool, stores, isReady)
    metricsRoute(service, metrics)
  })
}

/** Adds the other routes without a token: the documents, the console's pages, and the route that issues tokens. */
function addPublicRoutes(app: FastifyInstance, dependencies: ServerDependencies, limits: RateLimits): void {
  const { pool, isReady } = dependencies
  docsPages(app)
  addRoutes(app, '', openApiRoute)
  addRoutes(app, '', consolePages)
  consoleAssets(app)
  addRoutes(app, '/oauth', (oauth) => {
    oauth.addHook('onRequest', requireReady(isReady))
    oauthRoutes(oauth, pool, limits)
  })
}

/** Adds the routes that take a token. */
function addApi(app: FastifyInstance, dependencies: ServerDependencies, limits: RateLimits): void {
  const { config, poolOf, stores, credentials, metrics, isReady } = dependencies
  const downloads = new Downloads(config.maxDownloads)
  const uploadPlaces = new UploadPlaces(config.maxUploads)
  const requireToken = (api: FastifyInstance) => {
    api.addHook('onRequest', requireReady(isReady))
    api.addHook('onRequest', authenticate(credentials, limits))
  }
  const subscriptions = async (api: FastifyInstance) => {
    requireToken(api)
    countLongAnswers(api, downloads)
    await api.register(async (imports) =>
      importRoutes(imports, {
        poolOf,
        downloads,
        uploadPlaces,
        stores,
        limits: config,
        emit: (event) => metrics.workerDid(event),
      }),
    )
    recordRoutes(api, poolOf, downloads)
  }
  addRoutes(app, '/subscriptions', async (api) => {
    hideRoutes(api)
    await subscriptions(api)
  })
  addRoutes(app, '/v2/subscriptions', subscriptions)
  addRoutes(app, '/v2', (api) => {
    requireToken(api)
    settingsRoutes(api, poolOf, credentials)
    accessRoutes(api, { poolOf, credentials, allowPrivateWebhooks: config.allowPrivateWebhooks })
  })
}

/** Adds routes under a prefix, and answers the other methods of their paths with 405. */
function addRoutes(
  app: FastifyInstance,
  prefix: string,
  add: (routes: FastifyInstance) => void | Promise<void>,
): void {
  app.register(
    async (routes) => {
      const closeMethods = closeOtherMethods(routes)
      await add(routes)
      closeMethods()
    },
    { prefix },
  )
}

const requireReady = (isReady: () => boolean) => async (): Promise<void> => {
  if (!isReady()) throw serviceUnavailable()
}
