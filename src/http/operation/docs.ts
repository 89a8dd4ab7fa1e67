import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { closeOtherMethods } from '../handlers.js'

/** Pages that load nothing but their own files, and send requests to this service alone. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "base-uri 'self'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "object-src 'none'",
  // Swagger UI styles its elements one by one.
  "style-src 'self' 'unsafe-inline'",
].join('; ')

/** The document for people to read and to try, at `/docs`. It needs no other host. */
export function docsPages(app: FastifyInstance): void {
  app.register(async (docs) => {
    const closeMethods = closeOtherMethods(docs)
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: CONTENT_SECURITY_POLICY,
      theme: { title: 'intake' },
      uiConfig: {
        // Otherwise it shows a badge of a validator elsewhere, and sends it the document's address.
        validatorUrl: null,
        // Without the bar on top, which asks for another document's address.
        layout: 'BaseLayout',
        deepLinking: true,
        displayOperationId: true,
        // A key that is typed here is gone with the page: it would outlive the visit in the browser's storage.
        persistAuthorization: false,
        tryItOutEnabled: true,
      },
    })
    closeMethods()
  })
}
