import type { PoolOf } from '../../db/owner-pool.js'
import type { Downloads } from '../../http/answer/downloads.js'
import type { App } from '../../http/app.js'
import { recordTypes } from '../../records/index.js'
import { buildRoute, createRoute, createWholeRoute } from './create.js'
import { deleteRoute } from './delete.js'
import { recordFinder } from './finder.js'
import { getRoute } from './get.js'
import { listRoute } from './list.js'
import { listRoute as listSnapshotsRoute } from './snapshots/list.js'
import { snapshotRoutes } from './snapshots/routes.js'
import { actRoute } from './states/act.js'
import { getStateRoute, listStatesRoute } from './states/list.js'
import { updateRoute } from './update.js'

/** The routes of every record type, derived from its definition (contract 9). */
export function recordRoutes(app: App, poolOf: PoolOf, downloads: Downloads): void {
  for (const recordType of recordTypes) {
    const dependencies = { poolOf, downloads, recordType, finder: recordFinder(poolOf, recordType) }
    const { references, content, states } = recordType
    listRoute(app, dependencies)
    getRoute(app, dependencies)
    if (content) createWholeRoute(app, dependencies)
    else createRoute(app, dependencies)
    if (references.length > 0) buildRoute(app, dependencies)
    updateRoute(app, dependencies)
    deleteRoute(app, dependencies)
    for (const reference of references) snapshotRoutes(app, { ...dependencies, reference })
    for (const reference of content?.holds ?? []) listSnapshotsRoute(app, { ...dependencies, reference })
    if (states) {
      actRoute(app, { ...dependencies, states })
      listStatesRoute(app, { ...dependencies, states })
      getStateRoute(app, { ...dependencies, states })
    }
  }
}
