import sql from 'sql-template-tag'
import { listPage } from '../db/list.js'
import { type Client, type Pool, rows } from '../db/pool.js'

/** The body that is sent, as JSON (docs/webhooks.md). */
export interface Message {
  readonly type: 'import.finished' | 'import.undone' | 'webhook.test'
  /** When it happened, RFC 3339. */
  readonly timestamp: string
  readonly data: object
}

export type DeliveryStatus = 'waiting' | 'delivered' | 'failed'

/** A message for one webhook, as shown in the log. */
export interface Delivery {
  readonly id: string
  readonly webhook_id: string
  readonly import_id: string | null
  readonly type: Message['type']
  readonly status: DeliveryStatus
  /** How many attempts were started. */
  readonly attempts: number
  readonly created_at: string
  readonly last_attempt_at: string | null
  /** The result of the last attempt, in words; null while it is under way. */
  readonly last_answer: string | null
  /** Null if there will be no further attempt. */
  readonly next_attempt_at: string | null
}

/** A delivery to attempt now, by this process until its lease expires. */
export interface ClaimedDelivery {
  readonly ownerId: string
  readonly id: string
  readonly webhookId: string
  readonly importId: string | undefined
  /** Including this one. */
  readonly attempts: number
  /** When this attempt started, RFC 3339, by the database's clock like all times that receivers see. */
  readonly attemptedAt: string
  readonly payload: string
  readonly url: string
  /** Whether it goes to public addresses alone, whatever the service allows. */
  readonly isPublicOnly: boolean
  readonly secret: string
}

/** The most attempts, which are spread over some 27 hours. */
export const MAX_ATTEMPTS = 10
const FIRST_DELAY_SECONDS = 10
const GROWTH = 3

/** After this time an attempt that has not ended must have died with its process: it takes at most 15 s. */
const LEASE_SECONDS = 30

/**
 * How long to wait after each failed attempt; each up to a quarter longer or shorter, so that what failed
 * together is not retried together.
 */
export const delaySeconds = (attempts: number): number =>
  FIRST_DELAY_SECONDS * GROWTH ** (attempts - 1) * (0.75 + Math.random() / 2)

/**
 * Adds a message to the queue, for every webhook that its owner has.
 *
 * @param client in the transaction of the event: both are committed, or neither.
 */
export async function addDeliveries(
  client: Client,
  ownerId: string,
  importId: string,
  message: Message,
): Promise<void> {
  // Locked, so that a webhook that is being removed does not violate the foreign key.
  await client.query(sql`
    insert into webhook_deliveries (owner_id, id, webhook_id, import_id, type, payload)
    select w.owner_id, gen_random_uuid(), w.id, ${importId}::uuid, ${message.type}, ${JSON.stringify(message)}
    from (select owner_id, id from webhooks where owner_id = ${ownerId} for key share) as w`)
}

/** Whether a test message for a webhook waits to be delivered. */
export async function hasWaitingTest(
  db: Pool | Client,
  ownerId: string,
  webhookId: string,
): Promise<boolean> {
  const found = await rows(
    db,
    sql`
      select from webhook_deliveries
      where owner_id = ${ownerId} and webhook_id = ${webhookId} and status = 'waiting' and import_id is null
      limit 1`,
  )
  return found.length > 0
}

/** Adds a test message for one webhook. @returns the delivery; undefined: there is no such webhook. */
export async function addTestDelivery(db: Pool | Client, webhookId: string): Promise<Delivery | undefined> {
  const [now] = await rows<{ at: string }>(db, sql`select clock_timestamp() as at`)
  const message: Message = { type: 'webhook.test', timestamp: now?.at ?? '', data: {} }
  const [added] = await rows<Delivery>(
    db,
    sql`
      insert into webhook_deliveries (owner_id, id, webhook_id, type, payload)
      select owner_id, gen_random_uuid(), id, ${message.type}, ${JSON.stringify(message)} from webhooks where id = ${webhookId}
      returning ${COLUMNS}`,
  )
  return added
}

/**
 * Claims the delivery that has been due longest.
 *
 * @param busyWebhooks those to leave out: one that is slow to answer must not delay the others.
 */
export async function claimDelivery(
  pool: Pool,
  busyWebhooks: readonly string[],
): Promise<ClaimedDelivery | undefined> {
  const [row] = await rows<{
    owner_id: string
    id: string
    webhook_id: string
    import_id: string | null
    attempts: number
    attempted_at: string
    payload: string
    url: string
    is_public_only: boolean
    secret: string
  }>(
    pool,
    sql`
      with next as (
        select owner_id, id from webhook_deliveries
        where status = 'waiting' and next_attempt_at <= now() and webhook_id <> all(${busyWebhooks}::uuid[])
        order by next_attempt_at
        limit 1
        for update skip locked
      )
      update webhook_deliveries d
      set attempts = d.attempts + 1,
          last_attempt_at = now(),
          last_answer = null,
          next_attempt_at = now() + make_interval(secs => ${LEASE_SECONDS})
      from next, webhooks w
      where d.owner_id = next.owner_id and d.id = next.id and w.owner_id = d.owner_id and w.id = d.webhook_id
      returning d.owner_id, d.id, d.webhook_id, d.import_id, d.attempts, d.last_attempt_at as attempted_at, d.payload, w.url, w.is_public_only, w.secret`,
  )
  if (!row) return undefined
  const {
    owner_id,
    id,
    webhook_id,
    import_id,
    attempts,
    attempted_at,
    payload,
    url,
    is_public_only,
    secret,
  } = row
  return {
    ownerId: owner_id,
    id,
    webhookId: webhook_id,
    importId: import_id ?? undefined,
    attempts,
    attemptedAt: attempted_at,
    payload,
    url,
    isPublicOnly: is_public_only,
    secret,
  }
}

/** The outcome of an attempt. */
export type Outcome = 'delivered' | 'postponed' | 'failed'

/** Records the outcome of an attempt: the delivery is finished, or is retried later. */
export async function endAttempt(
  pool: Pool,
  { ownerId, id, attempts }: ClaimedDelivery,
  { delivered, answer }: { readonly delivered: boolean; readonly answer: string },
): Promise<Outcome> {
  const outcome = delivered ? 'delivered' : attempts < MAX_ATTEMPTS ? 'postponed' : 'failed'
  await pool.query(sql`
    update webhook_deliveries
    set status = ${outcome === 'postponed' ? 'waiting' : outcome},
        last_answer = ${answer},
        finished_at = case when ${outcome !== 'postponed'} then now() end,
        next_attempt_at = now() + make_interval(secs => ${delaySeconds(attempts)})
    where owner_id = ${ownerId} and id = ${id} and attempts = ${attempts} and status = 'waiting'`)
  return outcome
}

/** Gives back a delivery whose attempt was aborted because the process is stopping: it does not count. */
export async function returnDelivery(pool: Pool, { ownerId, id, attempts }: ClaimedDelivery): Promise<void> {
  await pool.query(sql`
    update webhook_deliveries set attempts = attempts - 1, next_attempt_at = now()
    where owner_id = ${ownerId} and id = ${id} and attempts = ${attempts} and status = 'waiting'`)
}

const COLUMNS = sql`id, webhook_id, import_id, type, status, attempts, created_at, last_attempt_at, last_answer,
  case when status = 'waiting' then next_attempt_at end as next_attempt_at`

/** Which deliveries to list; undefined members do not matter. */
export interface DeliveryFilter {
  readonly ownerId?: string | null | undefined
  readonly webhookId?: string | null | undefined
  readonly status?: DeliveryStatus | null | undefined
}

/** The matching deliveries, newest first. */
export async function listDeliveries(
  pool: Pool,
  { ownerId = null, webhookId = null, status = null }: DeliveryFilter,
  limit: number,
): Promise<Delivery[]> {
  return rows<Delivery>(
    pool,
    sql`
      select ${COLUMNS} from webhook_deliveries
      where (${ownerId}::uuid is null or owner_id = ${ownerId})
        and (${webhookId}::uuid is null or webhook_id = ${webhookId})
        and (${status}::text is null or status = ${status})
      order by created_at desc, id desc
      limit ${limit}`,
  )
}

/** A page of what was sent to a webhook, newest first. */
export function pageOfDeliveries(
  pool: Pool,
  ownerId: string,
  webhookId: string,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<{ total: number; found: Delivery[] }> {
  return listPage<Delivery>(pool, {
    total: sql`
      select count(*) from webhook_deliveries where owner_id = ${ownerId} and webhook_id = ${webhookId}`,
    page: sql`
      select ${COLUMNS} from webhook_deliveries
      where owner_id = ${ownerId} and webhook_id = ${webhookId}
      order by created_at desc, id desc
      offset ${offset} limit ${limit}`,
    order: sql`created_at desc, id desc`,
  })
}

/** How many deliveries are waiting, for their first or another attempt. */
export async function waitingDeliveries(pool: Pool): Promise<number> {
  const [row] = await rows<{ count: number }>(
    pool,
    sql`select count(*) from webhook_deliveries where status = 'waiting'`,
  )
  return row?.count ?? 0
}

/** Deletes at most `limit` deliveries that finished more than `days` ago. @returns how many were deleted */
export async function deleteOldDeliveries(pool: Pool, days: number, limit: number): Promise<number> {
  const { rowCount } = await pool.query(sql`
    with due as (
      select owner_id, id from webhook_deliveries
      where finished_at < now() - make_interval(days => ${days})
      order by finished_at
      limit ${limit}
      for update skip locked
    )
    delete from webhook_deliveries d using due where d.owner_id = due.owner_id and d.id = due.id`)
  return rowCount ?? 0
}
