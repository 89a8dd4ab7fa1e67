import { randomUUID } from 'node:crypto'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Config } from './config.js'
import type { Pool } from './db/pool.js'
import { authenticate } from './http/auth.js'
import { closeOtherMethods, errorHandlers } from './http/handlers.js'
import { healthRoutes } from './routes/health.js'
import { importRoutes } from './routes/imports.js'
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
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
    // An upload may take as long as it takes; only its headers have to come soon.
    requestTimeout: 0,
    forceCloseConnections: 'idle',
  })
  errorHandlers(app)
  // Forms are read as they arrive, by the route that takes one.
  app.addContentTypeParser('multipart/form-data', (_request, _payload, done) => done(null))
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })

  app.register(async (health) => {
    const closeMethods = closeOtherMethods(health)
    healthRoutes(health, pool)
    closeMethods()
  })

  const subscriptions = async (api: FastifyInstance) => {
    api.addHook('onRequest', authenticate(credentials))
    const closeMethods = closeOtherMethods(api)
    importRoutes(api, { pool, store, limits: config })
    recordRoutes(api, pool)
    closeMethods()
  }
  app.register(subscriptions, { prefix: '/subscriptions' })
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
