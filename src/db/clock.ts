import { raw, type Sql } from 'sql-template-tag'

/** The database's time in whole milliseconds since 1970, used for ids and `created_at` of records. */
export const databaseMilliseconds: Sql = raw('ceil(extract(epoch from clock_timestamp()) * 1000)::bigint')

/**
 * The new `updated_at` of a row. Two changes never share one, however coarse the clock, since it identifies the
 * later one. Nothing in it depends on the session or changes within the statement: a distributed PostgreSQL
 * refuses anything else in an `update`.
 *
 * @param column the one that there is: `t.updated_at`
 */
export const laterThan = (column: string): Sql =>
  raw(
    `greatest(statement_timestamp(), (${column} at time zone 'UTC' + interval '1 microsecond') at time zone 'UTC')`,
  )

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
