import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Cluster, clusterOf, createClusterDatabase } from '../test/support/cluster.js'
import { hasSwift, startSwift } from '../test/support/swift-server.js'
import { type SharedDatabase, withPostgres } from './postgres.js'
import { projectFolder, type Settings } from './server.js'

/** Where several processes keep their rows. */
export interface DatabasePlace {
  /** What a row says of it, after what it is about. */
  readonly name: string
  /** Whether it is one server on this machine, whose CPU time is known. */
  readonly isOneServer: boolean
  /** Gives `use` a new database that belongs to none of the processes, and removes it. */
  use<T>(use: (database: SharedDatabase) => Promise<T>): Promise<T>
}

/** Where they keep the files that they receive. */
export interface UploadsPlace {
  /** What a row says of it. */
  readonly name: string
  /** Gives `use` the settings of the processes. */
  use<T>(use: (settings: Settings) => Promise<T>): Promise<T>
}

/** One PostgreSQL server; and a Citus cluster, if TEST_CITUS names one as for the tests. */
export function databasePlaces(): DatabasePlace[] {
  const cluster = clusterOf(process.env.TEST_CITUS)
  return [{ name: '', isOneServer: true, use: withPostgres }, ...(cluster ? [citus(cluster)] : [])]
}

/** A database of a cluster, distributed before the service starts. */
const citus = (cluster: Cluster): DatabasePlace => ({
  name: ` on Citus (${cluster.length} nodes)`,
  isOneServer: false,
  async use(use) {
    const { databaseUrl, drop } = await createClusterDatabase(cluster)
    try {
      await promisify(execFile)(process.execPath, [
        join(projectFolder(), 'dist', 'cli.js'),
        ...['db', 'distribute', '--database-url', databaseUrl],
      ])
      return await use({ url: databaseUrl })
    } finally {
      await drop()
    }
  },
})

/** Each process in its own data directory: an import is worked by the process that received it. */
export const foldersEach: UploadsPlace = { name: 'with a folder each', use: (use) => use({}) }

/** A bucket that all processes share, if an S3 server is installed: Swift, as for the tests. */
export const sharedUploads = (): UploadsPlace =>
  hasSwift ? overS3 : { ...foldersEach, name: `${foldersEach.name} (no Swift here)` }

const overS3: UploadsPlace = {
  name: 'over S3',
  async use(use) {
    const swift = await startSwift(join(projectFolder(), 'test', 'support', 'swift-server.py'))
    try {
      const { url } = await swift.bucket()
      return await use({ ...swift.env, UPLOAD_STORE: url })
    } finally {
      await swift.stop()
    }
  },
}
