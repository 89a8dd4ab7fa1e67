import sql, { raw, type Sql } from 'sql-template-tag'

/** A worker that has not renewed its lease for this long counts as dead. */
export const LEASE_SECONDS = 15

/** The longest that an import waits before it is tried again. */
export const MAX_RETRY_SECONDS = 300

/**
 * Whether a time has come that is never set more than a few seconds ahead. A time much further ahead was
 * written before the database's clock was set back.
 */
const hasCome = (time: string, seconds: number): string =>
  `${time} not between now() and now() + interval '${2 * seconds} seconds'`

/** The condition that the worker that had an import is dead. @param table the alias of a row of `imports` */
export const leaseIsOver = (table: string): Sql =>
  raw(`(${hasCome(`${table}.lease_expires_at`, LEASE_SECONDS)})`)

/**
 * The condition that a head of a queue can be claimed: nobody runs it, and it need not wait for another
 * attempt.
 */
export const isClaimable = (table: string): Sql =>
  raw(`(
    (${table}.retry_at is null or ${hasCome(`${table}.retry_at`, MAX_RETRY_SECONDS)})
    and (${table}.status = 'pending'
      or (${table}.status = 'started'
        and (${table}.lease_expires_at is null or ${hasCome(`${table}.lease_expires_at`, LEASE_SECONDS)}))))`)

/**
 * The condition that a process with these stores can run a head of a queue: it can read its file, or it is an
 * undo, which reads none.
 */
export const isReadable = (table: string, storeIds: readonly string[]): Sql =>
  sql`(${raw(`${table}.undo_of`)} is not null or ${raw(`${table}.upload_store`)} = any(${storeIds}::text[]))`

const columns = raw('id, owner_id, status, created_at, upload_store, undo_of, retry_at, lease_expires_at')

/**
 * The heads of the owners' queues, for a `with recursive`: `heads` has one row for each owner that has an
 * unfinished import, the started one or else the earliest created. The index is walked from owner to owner,
 * so the cost depends on the number of owners and not of their imports; each step is a look-up that leaves
 * the planner no choice, since its statistics about a queue are always outdated.
 */
export const queueHeads: Sql = sql`
  firsts as (
    (select ${columns} from imports where status in ('pending', 'started') order by owner_id, created_at, id limit 1)
    union all
    select next.* from firsts cross join lateral (
      select ${columns} from imports
      where status in ('pending', 'started') and owner_id > firsts.owner_id
      order by owner_id, created_at, id limit 1
    ) as next
  ),
  heads as (
    select head.* from firsts cross join lateral (
      select * from (
        (select ${columns} from imports where owner_id = firsts.owner_id and status = 'started' limit 1)
        union all
        select firsts.*
      ) as either
      order by status = 'started' desc limit 1
    ) as head
  )`
