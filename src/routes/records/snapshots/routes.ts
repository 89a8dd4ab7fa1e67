import type { App } from '../../../http/app.js'
import { attachRoute } from './attach.js'
import type { SnapshotDependencies } from './dependencies.js'
import { detachRoute } from './detach.js'
import { listRoute } from './list.js'
import { replaceRoute } from './replace.js'
import { updateRoute } from './update.js'

/** What a record holds by one of its lists of references: `offerings/{id}/products` (contract 9). */
export function snapshotRoutes(app: App, dependencies: SnapshotDependencies): void {
  listRoute(app, dependencies)
  attachRoute(app, dependencies)
  if (dependencies.reference.replaceable) replaceRoute(app, dependencies)
  updateRoute(app, dependencies)
  detachRoute(app, dependencies)
}
