import { raw, type Sql } from 'sql-template-tag'

/** The database's time in whole milliseconds since 1970: what ids and `created_at` of records are made of. */
export const databaseMilliseconds: Sql = raw('ceil(extract(epoch from clock_timestamp()) * 1000)::bigint')

/**
 * The database's clock as it was read once, carried on by the process's monotonic clock, which nobody sets. The process's own
 * time of day may be off by hours, and is never compared with the database's.
 */
export class DatabaseClock {
  readonly #offset: number

  /** @param milliseconds what `databaseMilliseconds` has just answered. */
  constructor(milliseconds: number) {
    this.#offset = milliseconds - performance.now()
  }

  /** Whole milliseconds since 1970. */
  now(): number {
    return Math.floor(this.#offset + performance.now())
  }
}
