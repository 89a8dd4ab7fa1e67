import sql from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import { type Client, type Pool, rows } from '../db/pool.js'

/** The caller: a store or an organization (contract 2). */
export interface Caller {
  /** The API key or the client that the token belongs to. */
  readonly credentialId: string
  readonly credentialName: string
  readonly ownerId: string
  readonly kind: 'store' | 'organization'
  /** A store's organization, whose resources it sees. */
  readonly organizationId: string | undefined
  /** How many records a page has unless the request says otherwise (contract 4). */
  readonly pageLength: number
}

/** The owners whose resources a caller sees; its own first. */
export const visibleOwnerIds = ({ ownerId, organizationId }: Caller): readonly string[] =>
  organizationId === undefined ? [ownerId] : [ownerId, organizationId]

/** The `meta.owner` of a resource that the caller sees. */
export function ownerKind(caller: Caller, ownerId: string): 'store' | 'organization' {
  return ownerId === caller.ownerId ? caller.kind : 'organization'
}

/**
 * The store that the service has from its first start. Processes that start at the same time agree on one.
 */
export async function defaultStore(pool: Pool): Promise<string> {
  await pool.query(sql`
    insert into owners (id, kind, name, is_default) values (${uuidv7()}, 'store', 'default', true)
    on conflict do nothing`)
  const [store] = await rows<{ id: string }>(pool, sql`select id from owners where is_default`)
  if (!store) throw new Error('There is no default store.')
  return store.id
}

/** Sets the page length of an owner (1 to 100). */
export async function setPageLength(pool: Pool, ownerId: string, pageLength: number): Promise<void> {
  await pool.query(
    sql`update owners set page_length = ${pageLength}, updated_at = now() where id = ${ownerId}`,
  )
}

/** Makes others that lock the same owner wait for the end of the transaction, so that what it has can be counted. */
export async function lockOwner(client: Client, ownerId: string): Promise<void> {
  await client.query(sql`select from owners where id = ${ownerId} for no key update`)
}
