import sql, { join, raw, type Sql } from 'sql-template-tag'
import { type Client, type Pool, rows } from '../db/pool.js'
import { isAnyOf } from '../db/ref-key.js'
import { type Column, columnValue } from './columns.js'
import type { RecordType } from './record-type.js'

/** A valid record on its way into its table. */
export interface NewRecord {
  readonly id: string
  readonly attributes: Readonly<Record<string, unknown>>
}

const MAX_ATTEMPTS = 20

export const externalRefOf = ({ attributes }: NewRecord): string | undefined =>
  attributes.external_ref as string | undefined

/**
 * Adds records of one type. Those whose `external_ref` is taken are left out.
 *
 * @param createdAt RFC 3339; its milliseconds are those of the records' ids.
 * @returns by `external_ref`, the id of the record that has it, for every record left out.
 */
export async function insertRecords(
  client: Client,
  recordType: RecordType,
  ownerId: string,
  createdAt: string,
  records: readonly NewRecord[],
): Promise<Map<string, string>> {
  const taken = new Map<string, string>()
  let waiting = records
  for (let attempt = 0; waiting.length > 0; attempt += 1) {
    if (attempt === MAX_ATTEMPTS)
      throw new Error(`${waiting.length} ${recordType.table} are in the way of nobody`)
    const { rowCount } = await client.query(insertStatement(recordType, ownerId, createdAt, waiting))
    if (rowCount === waiting.length) break
    const refs = waiting.flatMap((record) => externalRefOf(record) ?? [])
    const holders = await holdersOfRefs(client, recordType, ownerId, refs)
    // Who has neither a row nor a holder was in the way of a record that was deleted in this very moment: once more.
    waiting = waiting.filter((record) => {
      const ref = externalRefOf(record)
      const holder = ref === undefined ? record.id : holders.get(ref)
      if (ref !== undefined && holder !== undefined && holder !== record.id) taken.set(ref, holder)
      return holder === undefined
    })
  }
  return taken
}

function insertStatement(
  { table, columns }: RecordType,
  ownerId: string,
  createdAt: string,
  records: readonly NewRecord[],
): Sql {
  const names = columns.map(({ name }) => raw(name))
  return sql`
    insert into ${raw(table)} (owner_id, id, created_at, updated_at, ${join(names)})
    select ${ownerId}::uuid, r.id, ${createdAt}::timestamptz, ${createdAt}::timestamptz, ${join(columns.map(fromUnnested))}
    from unnest(${records.map(({ id }) => id)}::uuid[], ${join(
      columnArrays(
        columns,
        records.map(({ attributes }) => attributes),
      ),
    )})
      as r(id, ${join(names)})
    on conflict do nothing`
}

/** One array a column, as parameters of `unnest`. JSON travels as text: an array of `jsonb` would be quoted twice. */
export function columnArrays(
  columns: readonly Column[],
  attributes: readonly Readonly<Record<string, unknown>>[],
): Sql[] {
  return columns.map(
    (column) =>
      sql`${attributes.map((one) => columnValue(column, one))}::${raw(column.type === 'jsonb' ? 'text' : column.type)}[]`,
  )
}

/** A column of what `columnArrays` unnests, in the table's type. */
export const fromUnnested = ({ name, type }: Column): Sql =>
  raw(type === 'jsonb' ? `r.${name}::jsonb` : `r.${name}`)

/** By `external_ref`, the id of the owner's record that has it. */
export async function holdersOfRefs(
  db: Client | Pool,
  { table }: RecordType,
  ownerId: string,
  refs: readonly string[],
): Promise<Map<string, string>> {
  const found = await rows<{ external_ref: string; id: string }>(
    db,
    sql`
      select t.external_ref, t.id
      from ${raw(table)} t
      where t.owner_id = ${ownerId} and ${isAnyOf(sql`t.external_ref`, refs)}`,
  )
  return new Map(found.map(({ external_ref, id }) => [external_ref, id]))
}
