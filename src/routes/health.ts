import type { FastifyInstance } from 'fastify'
import type { Pool } from '../db/pool.js'
import { serviceUnavailable } from '../http/errors.js'

/** `/healthz`: the process is up. `/readyz`: and the database answers; it was migrated before HTTP began to listen. */
export function healthRoutes(app: FastifyInstance, pool: Pool): void {
  app.get('/healthz', async () => ({ status: 'ok' }))

  app.get('/readyz', async (request) => {
    try {
      await pool.query('select from imports limit 0')
    } catch (error) {
      request.log.warn({ err: error }, 'not ready')
      throw serviceUnavailable()
    }
    return { status: 'ready' }
  })
}
