import { randomBytes } from 'node:crypto'
import sql from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import { listPage } from '../db/list.js'
import { type Client, type Pool, rows } from '../db/pool.js'

/** A webhook, without its secret. */
export interface Webhook {
  readonly id: string
  readonly url: string
  readonly owner: { readonly id: string; readonly kind: 'store' | 'organization'; readonly name: string }
  readonly created_at: string
}

/** How many webhooks an owner can have: every import sends a message to each. */
export const MAX_WEBHOOKS = 100

/** Standard Webhooks requires 24 to 64. */
const SECRET_BYTES = 32

/**
 * Creates a webhook. The caller gets its secret now; afterwards only the deliverer knows it.
 *
 * @param isPublicOnly whether messages go to public addresses alone, whatever the service allows.
 */
export async function createWebhook(
  db: Pool | Client,
  ownerId: string,
  url: string,
  isPublicOnly = false,
): Promise<{ readonly id: string; readonly secret: string; readonly created_at: string }> {
  const id = uuidv7()
  const secret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
  const [made] = await rows<{ created_at: string }>(
    db,
    sql`
      insert into webhooks (owner_id, id, url, secret, is_public_only)
      values (${ownerId}, ${id}, ${url}, ${secret}, ${isPublicOnly})
      returning created_at`,
  )
  if (!made) throw new Error('The insert of a webhook returned no row.')
  return { id, secret, ...made }
}

/** Webhooks of one owner or of all, oldest first. */
export async function listWebhooks(pool: Pool, ownerId: string | undefined): Promise<Webhook[]> {
  return rows<Webhook>(
    pool,
    sql`
      select w.id, w.url, json_build_object('id', o.id, 'kind', o.kind, 'name', o.name) as owner, w.created_at
      from webhooks w join owners o on o.id = w.owner_id
      where ${ownerId ?? null}::uuid is null or w.owner_id = ${ownerId ?? null}
      order by w.created_at, w.id`,
  )
}

/** Whether an owner has as many as it can have. */
export async function hasMostWebhooks(db: Pool | Client, ownerId: string): Promise<boolean> {
  const found = await rows(
    db,
    sql`select from webhooks where owner_id = ${ownerId} offset ${MAX_WEBHOOKS - 1} limit 1`,
  )
  return found.length > 0
}

/** A webhook as its own owner sees it. */
export type OwnWebhook = Omit<Webhook, 'owner'>

/** A page of an owner's webhooks, newest first. */
export function pageOfWebhooks(
  pool: Pool,
  ownerId: string,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<{ total: number; found: OwnWebhook[] }> {
  return listPage<OwnWebhook>(pool, {
    total: sql`select count(*) from webhooks where owner_id = ${ownerId}`,
    page: sql`
      select id, url, created_at from webhooks where owner_id = ${ownerId}
      order by created_at desc, id desc
      offset ${offset} limit ${limit}`,
    order: sql`created_at desc, id desc`,
  })
}

export async function findWebhook(
  db: Pool | Client,
  ownerId: string,
  id: string,
): Promise<OwnWebhook | undefined> {
  const [found] = await rows<OwnWebhook>(
    db,
    sql`select id, url, created_at from webhooks where owner_id = ${ownerId} and id = ${id}`,
  )
  return found
}

/**
 * Removes a webhook, its waiting messages and its log.
 *
 * @param ownerId undefined: whoever it belongs to.
 * @returns undefined if there is none with this id.
 */
export async function removeWebhook(
  pool: Pool,
  id: string,
  ownerId?: string,
): Promise<{ url: string } | undefined> {
  const [removed] = await rows<{ url: string }>(
    pool,
    sql`
      delete from webhooks
      where id = ${id} and (${ownerId ?? null}::uuid is null or owner_id = ${ownerId ?? null})
      returning url`,
  )
  return removed
}
