import type { App } from '../../http/app.js'
import type { AccessDependencies } from './dependencies.js'
import { keyRoutes } from './keys.js'
import { meRoute } from './me.js'
import { sessionRoutes } from './session.js'
import { webhookRoutes } from './webhooks.js'

/** Who may ask, and who is told (contract 2). */
export function accessRoutes(app: App, dependencies: AccessDependencies): void {
  meRoute(app, dependencies)
  sessionRoutes(app, dependencies)
  keyRoutes(app, dependencies)
  webhookRoutes(app, dependencies)
}
