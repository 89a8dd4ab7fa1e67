import type { App } from '../../http/app.js'
import { cancelRoute } from './cancel.js'
import { createRoute } from './create/create.js'
import type { ImportDependencies } from './dependencies.js'
import { getRoute } from './get.js'
import { listRoute } from './list.js'
import { changesRoute } from './report/changes.js'
import { errorKindsRoute } from './report/error-kinds.js'
import { errorsRoute } from './report/errors.js'
import { keptRoute } from './report/kept.js'
import { rejectedRoute } from './report/rejected.js'
import { resultsRoute } from './report/results.js'
import { warningsRoute } from './report/warnings.js'
import { retryRoute } from './retry.js'
import { runRoute } from './run.js'
import { undoRoute } from './undo.js'

/** The Subscriptions Imports API (contract 6). */
export function importRoutes(app: App, dependencies: ImportDependencies): void {
  // A file is read as it arrives, by the route that receives it.
  app.addContentTypeParser(
    ['multipart/form-data', 'application/jsonl', 'application/x-ndjson'],
    (_request, payload, done) => done(null, payload),
  )
  createRoute(app, dependencies)
  listRoute(app, dependencies)
  getRoute(app, dependencies)
  errorsRoute(app, dependencies)
  errorKindsRoute(app, dependencies)
  warningsRoute(app, dependencies)
  rejectedRoute(app, dependencies)
  resultsRoute(app, dependencies)
  changesRoute(app, dependencies)
  cancelRoute(app, dependencies)
  retryRoute(app, dependencies)
  runRoute(app, dependencies)
  undoRoute(app, dependencies)
  keptRoute(app, dependencies)
}
