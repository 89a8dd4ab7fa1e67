import { raw, type Sql } from 'sql-template-tag'

/** The database's time in whole milliseconds since 1970, used for ids and `created_at` of records. */
export const databaseMilliseconds: Sql = raw('ceil(extract(epoch from clock_timestamp()) * 1000)::bigint')

/**
 * The database's clock, read once and then advanced by the process's monotonic clock, which nobody can set.
 * The process's own time of day may be hours off, and is never compared with the database's.
 */
export class DatabaseClock {
  readonly #offset: number

  /** @param milliseconds what `databaseMilliseconds` has just returned. */
  constructor(milliseconds: number) {
    this.#offset = milliseconds - performance.now()
  }

  /** Whole milliseconds since 1970. */
  now(): number {
    return Math.floor(this.#offset + performance.now())
  }
}
