import { Type } from 'typebox'
import type { App } from '../http/app.js'
import { operation } from '../http/operation/operation.js'
import type { Metrics } from '../metrics.js'

const schema = operation({
  id: 'getMetrics',
  tag: 'Service',
  summary: 'What the service does, in figures, for Prometheus.',
  description:
    'Answers while the database is away as well, without the figures of the queue. docs/operations.md says what each means.',
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
 * `/metrics`: for everybody who reaches the port, as `/healthz` is. Scrapers seldom have a token, and there is no name, id or
 * reference of anybody's in it.
 */
export function metricsRoute(app: App, metrics: Metrics): void {
  app.get('/metrics', { schema }, async (_request, reply) => {
    reply.type(metrics.contentType)
    return await metrics.text()
  })
}
