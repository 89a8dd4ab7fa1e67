import sql from 'sql-template-tag'
import { validate as isUuid, v7 as uuidv7 } from 'uuid'
import { type Pool, rows } from '../db/pool.js'

export type OwnerKind = 'store' | 'organization'

/** A store or an organization. */
export interface Owner {
  readonly id: string
  readonly name: string
  /** The one that a store belongs to. */
  readonly organization: { readonly id: string; readonly name: string } | null
  readonly status: 'active' | 'disabled'
  readonly created_at: string
}

/**
 * Creates a store, optionally in an organization, or an organization. Undefined: another one of its kind has
 * the name.
 */
export async function createOwner(
  pool: Pool,
  kind: OwnerKind,
  name: string,
  organizationId?: string,
): Promise<string | undefined> {
  const [made] = await rows<{ id: string }>(
    pool,
    sql`
      insert into owners (id, kind, name, parent_id) values (${uuidv7()}, ${kind}, ${name}, ${organizationId ?? null})
      on conflict (kind, name) do nothing
      returning id`,
  )
  return made?.id
}

/** All stores, or all organizations, oldest first. */
export async function listOwners(pool: Pool, kind: OwnerKind): Promise<Owner[]> {
  return rows<Owner>(
    pool,
    sql`
      select s.id, s.name,
        case when o.id is not null then json_build_object('id', o.id, 'name', o.name) end as organization,
        case when s.disabled_at is null then 'active' else 'disabled' end as status,
        s.created_at
      from owners s left join owners o on o.id = s.parent_id
      where s.kind = ${kind}
      order by s.created_at, s.id`,
  )
}

/** Finds a store or an organization by its id or its name, which is never an id. */
export async function findOwner(
  pool: Pool,
  kind: OwnerKind,
  idOrName: string,
): Promise<{ id: string; name: string } | undefined> {
  const id = isUuid(idOrName) ? idOrName : null
  const [found] = await rows<{ id: string; name: string }>(
    pool,
    sql`select id, name from owners where kind = ${kind} and (id = ${id} or name = ${idOrName})`,
  )
  return found
}

/**
 * Disables a store, so that its credentials stop working, or enables it, so that those not revoked work
 * again.
 */
export async function setDisabled(pool: Pool, storeId: string, disabled: boolean): Promise<void> {
  await pool.query(sql`
    update owners
    set disabled_at = case when ${disabled} then coalesce(disabled_at, now()) end, updated_at = now()
    where id = ${storeId} and kind = 'store'`)
}
