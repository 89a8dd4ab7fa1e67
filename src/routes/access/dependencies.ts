import type { PoolOf } from '../../db/owner-pool.js'
import type { Credentials } from '../../tenants/credentials.js'

/** What the routes about access need. */
export interface AccessDependencies {
  readonly poolOf: PoolOf
  readonly credentials: Credentials
  /** Whether messages go to private addresses. */
  readonly allowPrivateWebhooks: boolean
}
