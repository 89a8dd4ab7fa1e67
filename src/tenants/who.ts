import sql from 'sql-template-tag'
import { type Pool, rows } from '../db/pool.js'

interface Named {
  readonly id: string
  readonly name: string
}

/** A credential with whom it belongs to, by their names. */
export interface Who {
  readonly name: string
  readonly kind: 'store' | 'organization'
  readonly owner: Named
  /** A store's organization. */
  readonly organization: Named | null
}

/** Whose a credential is; undefined: there is none with this id. */
export async function whoHas(pool: Pool, credentialId: string): Promise<Who | undefined> {
  const [found] = await rows<Who>(
    pool,
    sql`
      select c.name, o.kind, json_build_object('id', o.id, 'name', o.name) as owner,
        case when p.id is not null then json_build_object('id', p.id, 'name', p.name) end as organization
      from credentials c join owners o on o.id = c.owner_id left join owners p on p.id = o.parent_id
      where c.id = ${credentialId}`,
  )
  return found
}
