import { randomBytes } from 'node:crypto'
import sql from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import { type Pool, rows } from '../db/pool.js'

/** A webhook, without its secret. */
export interface Webhook {
  readonly id: string
  readonly url: string
  readonly owner: { readonly id: string; readonly kind: 'store' | 'organization'; readonly name: string }
  readonly created_at: string
}

/** Standard Webhooks requires 24 to 64. */
const SECRET_BYTES = 32

/** Creates a webhook. The caller gets its secret now; afterwards only the deliverer knows it. */
export async function createWebhook(
  pool: Pool,
  ownerId: string,
  url: string,
): Promise<{ readonly id: string; readonly secret: string }> {
  const id = uuidv7()
  const secret = `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`
  await pool.query(
    sql`insert into webhooks (owner_id, id, url, secret) values (${ownerId}, ${id}, ${url}, ${secret})`,
  )
  return { id, secret }
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

/** Removes a webhook, its waiting messages and its log. Undefined: there is none with this id. */
export async function removeWebhook(pool: Pool, id: string): Promise<{ url: string } | undefined> {
  const [removed] = await rows<{ url: string }>(
    pool,
    sql`delete from webhooks where id = ${id} returning url`,
  )
  return removed
}
