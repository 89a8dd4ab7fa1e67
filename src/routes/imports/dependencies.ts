import type { PoolOf } from '../../db/owner-pool.js'
import type { Downloads } from '../../http/answer/downloads.js'
import type { ImportEvent } from '../../imports/events.js'
import type { ScanLimits } from '../../imports/receive/scan.js'
import type { UploadStores } from '../../uploads/stores.js'
import type { UploadPlaces } from './create/upload-places.js'

/** The dependencies of the routes of imports. */
export interface ImportDependencies {
  readonly poolOf: PoolOf
  readonly downloads: Downloads
  readonly uploadPlaces: UploadPlaces
  readonly stores: UploadStores
  readonly limits: UploadLimits
  /** Counts what happened to an import. */
  readonly emit: (event: ImportEvent) => void
}

interface UploadLimits extends ScanLimits {
  readonly maxUploadBytes: number
  readonly maxUploads: number
  readonly maxWaitingImports: number
}
