import type { PoolOf } from '../../db/owner-pool.js'
import type { Downloads } from '../../http/answer/downloads.js'
import type { RecordType } from '../../records/record-type.js'
import type { RecordFinder } from './finder.js'

/** The dependencies of the routes of one record type. */
export interface RecordDependencies {
  readonly poolOf: PoolOf
  readonly downloads: Downloads
  readonly recordType: RecordType
  readonly finder: RecordFinder
}
