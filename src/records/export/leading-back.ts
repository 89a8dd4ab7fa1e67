import sql, { raw } from 'sql-template-tag'
import { type Pool, rows } from '../../db/pool.js'
import { isAnyId, isAnyOf } from '../../db/ref-key.js'
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
  // One owner at a time, since a distributed PostgreSQL reads rows where their owner's are.
  const all = await Promise.all(ownerIds.map((ownerId) => refsOf(pool, table, ownerId, [...ids])))
  const [own = [], ...others] = all
  const foreign = others.flat()
  const taken = await takenRefs(pool, table, ownerIds[0], foreign)
  const found = [...own, ...foreign.filter(({ external_ref }) => !taken.has(external_ref))]
  const asIds = found.filter(({ external_ref }) => UUID_PATTERN.test(external_ref))
  const there = await idsThere(pool, table, ownerIds, asIds)
  return new Map(
    found.flatMap(({ id, external_ref: ref }) => {
      const named = ref.toLowerCase()
      return named !== id && there.has(named) ? [] : [[id, ref]]
    }),
  )
}

interface Named {
  readonly id: string
  readonly external_ref: string
}

const refsOf = (pool: Pool, table: string, ownerId: string, ids: readonly string[]): Promise<Named[]> =>
  rows<Named>(
    pool,
    sql`
      select t.id, t.external_ref from ${raw(table)} t
      where t.owner_id = ${ownerId} and ${isAnyId(sql`t.id`, ids)} and t.external_ref is not null`,
  )

/** The `external_ref`s of some records that the owner's own have as well. */
async function takenRefs(
  pool: Pool,
  table: string,
  ownerId: string | undefined,
  named: readonly Named[],
): Promise<ReadonlySet<string>> {
  if (named.length === 0) return new Set()
  const refs = named.map(({ external_ref }) => external_ref)
  const found = await rows<{ external_ref: string }>(
    pool,
    sql`
      select t.external_ref from ${raw(table)} t
      where t.owner_id = ${ownerId} and ${isAnyOf(sql`t.external_ref`, refs)}`,
  )
  return new Set(found.map(({ external_ref }) => external_ref))
}

/** Which of the ids that these `external_ref`s look like there are. */
async function idsThere(
  pool: Pool,
  table: string,
  ownerIds: readonly string[],
  named: readonly Named[],
): Promise<ReadonlySet<string>> {
  if (named.length === 0) return new Set()
  const refs = named.map(({ external_ref }) => external_ref)
  const found = await Promise.all(
    ownerIds.map((ownerId) =>
      rows<{ id: string }>(
        pool,
        sql`select t.id from ${raw(table)} t where t.owner_id = ${ownerId} and ${isAnyId(sql`t.id`, refs)}`,
      ),
    ),
  )
  return new Set(found.flat().map(({ id }) => id))
}
