import sql, { raw, type Sql } from 'sql-template-tag'

/** A worker that has not renewed its lease for this long counts as dead. */
export const LEASE_SECONDS = 15

/** The longest that an import waits before it is tried again. */
export const MAX_RETRY_SECONDS = 300

/**
 * Whether a time has come that is never set further ahead than some seconds. One that lies much further ahead was set
 * before the database's clock was set back.
 */
const hasCome = (time: string, seconds: number): string =>
  `${time} not between now() and now() + interval '${2 * seconds} seconds'`

/** The condition that the worker that had an import is dead. @param table the alias of a row of `imports` */
export const leaseIsOver = (table: string): Sql =>
  raw(`(${hasCome(`${table}.lease_expires_at`, LEASE_SECONDS)})`)

/** The condition that a head of a queue can be claimed: nobody works on it, and it need not wait for another attempt. */
export const isClaimable = (table: string): Sql =>
  raw(`(
    (${table}.retry_at is null or ${hasCome(`${table}.retry_at`, MAX_RETRY_SECONDS)})
    and (${table}.status = 'pending'
      or (${table}.status = 'started'
        and (${table}.lease_expires_at is null or ${hasCome(`${table}.lease_expires_at`, LEASE_SECONDS)}))))`)

const columns = raw('id, owner_id, status, created_at, upload_store, retry_at, lease_expires_at')

/**
 * The heads of the owners' queues, for a `with recursive`: `heads` has one row for each owner that has an unfinished import,
 * the started one or else the earliest created. The index is walked from owner to owner, so the cost follows the owners
 * and not their imports; each step is a look-up that leaves the planner no choice, for its statistics of a queue are always old.
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
