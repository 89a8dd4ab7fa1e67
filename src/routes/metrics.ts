import type { App } from '../http/app.js'
import { operation } from '../http/operation/operation.js'
import type { Metrics } from '../metrics.js'
import { Type } from '../schema/type.js'

const schema = operation({
  id: 'getMetrics',
  tag: 'Service',
  summary: 'Figures about the service, for Prometheus.',
  description:
    'Also answers while the database is away, without the figures of the queue. docs/operations/monitoring.md explains each of them.',
  isPublic: true,
  answers: {
    200: {
      description: "Prometheus' text format.",
      alternatives: { 'text/plain': Type.String({ description: 'One figure a line.' }) },
    },
  },
  errors: [500],
})

/**
 * `/metrics`: for everybody who reaches the port, like `/healthz`. Scrapers seldom have a token, and it
 * contains no names, ids or references.
 */
export function metricsRoute(app: App, metrics: Metrics): void {
  app.get('/metrics', { schema }, async (_request, reply) => {
    reply.type(metrics.contentType)
    return await metrics.text()
  })
}
