import { type SharedDatabase, withPostgres } from './postgres.js'
import type { Settings } from './server.js'

/** Where several processes keep their rows. */
export interface DatabasePlace {
  readonly name: string
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

export const plainPostgres: DatabasePlace = { name: 'PostgreSQL', use: withPostgres }

/** Each process in its own data directory: an import is worked by the process that received it. */
export const foldersEach: UploadsPlace = { name: 'a folder each', use: (use) => use({}) }
