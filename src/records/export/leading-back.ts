import sql, { empty, raw, type Sql } from 'sql-template-tag'
import { type Pool, rows } from '../../db/pool.js'
import { UUID_PATTERN } from '../../schema/uuid.js'
import type { RecordType } from '../record-type.js'

/**
 * The `external_ref`s by which records can be named in an import file, by id. Left out are records that have
 * none, that are gone, and those whose `external_ref` leads elsewhere: to the owner's own record before its
 * organization's, and to an id before an `external_ref` (contract 8).
 *
 * @param ownerIds whose records are visible: the owner first
 */
export async function refsLeadingBack(
  pool: Pool,
  { table }: RecordType,
  ownerIds: readonly string[],
  ids: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  if (ids.size === 0) return new Map()
  const [ownerId] = ownerIds
  const found = await rows<{ id: string; external_ref: string }>(
    pool,
    sql`
      select t.id, t.external_ref
      from ${raw(table)} t
      where t.owner_id = any(${ownerIds}::uuid[]) and t.id = any(${[...ids]}::uuid[]) and t.external_ref is not null
        ${ownerIds.length > 1 ? sql`and (t.owner_id = ${ownerId} or not exists (${ownWithTheRef(table, ownerId)}))` : empty}
        and case when t.external_ref ~* ${UUID_PATTERN.source} then not exists (
          select from ${raw(table)} o
          where o.owner_id = any(${ownerIds}::uuid[]) and o.id = t.external_ref::uuid and o.id <> t.id) else true end`,
  )
  return new Map(found.map(({ id, external_ref }) => [id, external_ref]))
}

const ownWithTheRef = (table: string, ownerId: string | undefined): Sql => sql`
  select from ${raw(table)} o
  where o.owner_id = ${ownerId} and o.external_ref is not null
    and ref_key(o.external_ref) = ref_key(t.external_ref) and o.external_ref = t.external_ref`
