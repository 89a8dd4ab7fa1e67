import sql, { join, raw } from 'sql-template-tag'
import { type CopyColumn, CopyRows, type CopyValue } from '../db/copy.js'
import { type Client, type Pool, rows } from '../db/pool.js'
import { isAnyOf } from '../db/ref-key.js'
import { columnValue } from './columns.js'
import type { RecordType } from './record-type.js'

type Attributes = Readonly<Record<string, unknown>>

const OWN_COLUMNS: readonly CopyColumn[] = [
  { name: 'owner_id', type: 'uuid' },
  { name: 'created_at', type: 'timestamptz' },
  { name: 'updated_at', type: 'timestamptz' },
  { name: 'id', type: 'uuid' },
]

/** Valid records of one owner and type on their way into their table. */
export class NewRecords {
  readonly recordType: RecordType
  readonly ownerId: string
  readonly #rows: CopyRows
  readonly #ids: string[] = []
  readonly #refs: (string | undefined)[] = []

  /** @param milliseconds since 1970, of `created_at` as of the records' ids. */
  constructor(recordType: RecordType, ownerId: string, milliseconds: number) {
    this.recordType = recordType
    this.ownerId = ownerId
    this.#rows = new CopyRows([...OWN_COLUMNS, ...recordType.columns], [ownerId, milliseconds, milliseconds])
  }

  get length(): number {
    return this.#ids.length
  }

  add(id: string, attributes: Attributes): void {
    const values: CopyValue[] = [id]
    for (const column of this.recordType.columns) values.push(columnValue(column, attributes))
    this.#rows.add(values)
    this.#ids.push(id)
    this.#refs.push(attributes.external_ref as string | undefined)
  }

  id(place: number): string {
    return this.#ids[place] ?? ''
  }

  externalRef(place: number): string | undefined {
    return this.#refs[place]
  }

  /**
   * Adds them the fastest way: all of them but those left out, or none.
   *
   * @param except the places of those that are left out, from 0.
   * @throws DatabaseError, a unique violation (23505) if an `external_ref` is taken; the transaction is spoilt then.
   */
  async copy(client: Client, except: ReadonlySet<number>): Promise<void> {
    if (except.size < this.length) await this.#rows.copyTo(client, this.recordType.table, except)
  }

  /**
   * Adds those whose `external_ref` is free.
   *
   * @param except the places of those that are left out, from 0.
   * @returns by place, the id of the record that has the `external_ref`, for every record that was not added.
   */
  async insert(client: Client, except: ReadonlySet<number>): Promise<Map<number, string>> {
    const taken = new Map<number, string>()
    let waiting = this.#ids.flatMap((_, place) => (except.has(place) ? [] : [place]))
    if (waiting.length === 0) return taken
    const { table, columns } = this.recordType
    const staged = `new_${table}`
    await client.query(`create temp table ${staged} (like ${table} including defaults) on commit drop`)
    await this.#rows.copyTo(client, staged, except)
    const names = join([...OWN_COLUMNS, ...columns].map(({ name }) => raw(name)))
    for (let attempt = 0; ; attempt += 1) {
      if (attempt === MAX_ATTEMPTS) throw new Error(`${waiting.length} ${table} are in the way of nobody`)
      const { rowCount } = await client.query(sql`
        insert into ${raw(table)} (${names}) select ${names} from ${raw(staged)} on conflict do nothing`)
      if (rowCount === waiting.length) return taken
      const refs = waiting.flatMap((place) => this.#refs[place] ?? [])
      const holders = await holdersOfRefs(client, this.recordType, this.ownerId, refs)
      // Who has neither a row nor a holder was in the way of a record that was deleted in this very moment: once more.
      waiting = waiting.filter((place) => {
        const ref = this.#refs[place]
        const holder = ref === undefined ? this.id(place) : holders.get(ref)
        if (holder !== undefined && holder !== this.id(place)) taken.set(place, holder)
        return holder === undefined
      })
      if (waiting.length === 0) return taken
      const ids = waiting.map((place) => this.id(place))
      await client.query(sql`delete from ${raw(staged)} where id <> all(${ids}::uuid[])`)
    }
  }

  /** Gives their memory back. Only when nothing is on its way any more. */
  recycle(): void {
    this.#rows.recycle()
  }
}

const MAX_ATTEMPTS = 20

/**
 * Adds one record with valid attributes.
 *
 * @param milliseconds since 1970, of `created_at` as of the id.
 * @returns the id of the record that has its `external_ref` already; undefined: it was added.
 */
export async function insertRecord(
  client: Client,
  recordType: RecordType,
  ownerId: string,
  milliseconds: number,
  id: string,
  attributes: Attributes,
): Promise<string | undefined> {
  const { table, columns } = recordType
  const createdAt = new Date(milliseconds).toISOString()
  const values = columns.map((column) => sql`${columnValue(column, attributes)}`)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const { rowCount } = await client.query(sql`
      insert into ${raw(table)} (owner_id, id, created_at, updated_at, ${join(columns.map(({ name }) => raw(name)))})
      values (${ownerId}, ${id}, ${createdAt}, ${createdAt}, ${join(values)})
      on conflict do nothing`)
    if (rowCount === 1) return undefined
    const [holder] = (
      await holdersOfRefs(client, recordType, ownerId, [String(attributes.external_ref)])
    ).values()
    if (holder !== undefined) return holder
    // The one in the way was deleted in this very moment: once more.
  }
  throw new Error(`a record of ${table} is in the way of nobody`)
}

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
