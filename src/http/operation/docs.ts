import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { closeOtherMethods } from '../handlers.js'

/** For pages that load only their own files and send requests only to this service. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "object-src 'none'",
  // Swagger UI sets styles on single elements.
  "style-src 'self' 'unsafe-inline'",
].join('; ')

/** The document for people to read and try, at `/docs`. It needs no other host. */
export function docsPages(app: FastifyInstance): void {
  app.register(async (docs) => {
    const closeMethods = closeOtherMethods(docs)
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: CONTENT_SECURITY_POLICY,
      theme: { title: 'intake' },
      uiConfig: {
        // Otherwise it shows the badge of an external validator, and sends it the document's address.
        validatorUrl: null,
        // Without the bar at the top, which asks for another document's address.
        layout: 'BaseLayout',
        deepLinking: true,
        displayOperationId: true,
        // A key typed here is forgotten with the page: in the browser's storage it would outlive the visit.
        persistAuthorization: false,
        tryItOutEnabled: true,
      },
    })
    closeMethods()
  })
}
