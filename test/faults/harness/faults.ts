import { clientFaults } from './client-faults.js'
import { databaseFaults } from './database-faults.js'
import { diskFaults } from './disk-faults.js'
import { greed } from './greed.js'
import { processFaults } from './process-faults.js'
import type { Faults } from './scene.js'
import { startFaults } from './start-faults.js'

/** The faults, by name. */
export const faults: Faults = {
  ...processFaults,
  ...databaseFaults,
  ...diskFaults,
  ...clientFaults,
  ...startFaults,
  ...greed,
}

/** Those after which nothing may be left even without a restart: no process and no connection ended. */
export const gentle: ReadonlySet<string> = new Set([
  'a pause',
  'a pause past the lease',
  'a full disk',
  ...Object.keys(clientFaults),
  ...Object.keys(greed),
])
