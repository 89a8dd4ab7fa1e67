import { bucketFaults } from './bucket-faults.js'
import { clientFaults } from './client-faults.js'
import { databaseFaults } from './database-faults.js'
import { diskFaults } from './disk-faults.js'
import { greed } from './greed.js'
import { processFaults, takeover } from './process-faults.js'
import type { Faults } from './scene.js'
import { startFaults } from './start-faults.js'
import type { VictimKind } from './victim.js'

/** The faults of a kind of service, by name. */
export function faultsOf(kind: VictimKind): Faults {
  const own = kind === 'several' ? bucketFaults : { ...takeover, ...diskFaults }
  return { ...processFaults, ...databaseFaults, ...own, ...clientFaults, ...startFaults, ...greed }
}

/** Those after which nothing may be left even without a restart: no process and no connection ended. */
export const gentle: ReadonlySet<string> = new Set([
  'a pause',
  'a pause past the lease',
  'a full disk',
  ...Object.keys(clientFaults),
  ...Object.keys(greed),
])
