import type { Pool } from '../db/pool.js'
import type { App } from '../http/app.js'
import { serviceUnavailable } from '../http/errors.js'
import { operation } from '../http/operation/operation.js'
import { oneOf } from '../records/attribute-kinds.js'
import { Type } from '../schema/type.js'
import type { UploadStores } from '../uploads/stores.js'

const answered = (status: string) => ({
  200: { description: 'It is.', schema: Type.Object({ status: oneOf([status], 'How it is.') }) },
})

const operations = {
  healthz: operation({
    id: 'getHealth',
    tag: 'Service',
    summary: 'Whether the process is up.',
    isPublic: true,
    answers: answered('ok'),
    errors: [500],
  }),
  readyz: operation({
    id: 'getReadiness',
    tag: 'Service',
    summary:
      'Whether it can serve requests: the database is reachable and migrated, and the uploads are available.',
    isPublic: true,
    answers: answered('ready'),
    errors: [500, 503],
  }),
}

/**
 * `/healthz`: the process is up. `/readyz`: the database is also migrated and answers, and the uploads are
 * available.
 */
export function healthRoutes(app: App, pool: Pool, stores: UploadStores, isReady: () => boolean): void {
  app.get('/healthz', { schema: operations.healthz }, async () => ({ status: 'ok' }))

  app.get('/readyz', { schema: operations.readyz }, async (request) => {
    if (!isReady()) throw serviceUnavailable()
    try {
      await pool.query('select from imports limit 0')
    } catch (error) {
      request.log.warn({ err: error }, 'not ready')
      throw serviceUnavailable()
    }
    await stores.current.requireThere()
    return { status: 'ready' }
  })
}
