import sql, { join, raw, type Sql } from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import { databaseMilliseconds } from '../../db/clock.js'
import type { CopyLoan } from '../../db/copy/buffers.js'
import { type CopyColumn, CopyRows, type Selection } from '../../db/copy/copy.js'
import { type Client, type Pool, rows, settled } from '../../db/pool.js'
import { isAnyOf } from '../../db/ref-key.js'
import { type ColumnValue, columnValue } from '../columns.js'
import type { RecordType } from '../record-type.js'

type Attributes = Readonly<Record<string, unknown>>

const OWN_COLUMNS: readonly CopyColumn[] = [
  { name: 'owner_id', type: 'uuid' },
  { name: 'created_at', type: 'timestamptz' },
  { name: 'updated_at', type: 'timestamptz' },
  { name: 'id', type: 'uuid' },
]

const columnsOf = ({ columns, contentColumns }: RecordType): readonly CopyColumn[] => [
  ...OWN_COLUMNS,
  ...columns,
  ...contentColumns,
]

/**
 * Valid records of one owner and type, to be added to their table. If the type has `contentColumns`, their values
 * come with the selection, once they are known.
 */
export class NewRecords {
  readonly recordType: RecordType
  readonly ownerId: string
  /** The id of the record at a place, from 0. */
  readonly id: (place: number) => string
  readonly #rows: CopyRows
  readonly #refs: (string | undefined)[] = []

  /**
   * @param milliseconds since 1970, for `created_at` and the records' ids.
   * @param loan whose buffers the records are encoded into, and released with
   */
  constructor(
    recordType: RecordType,
    ownerId: string,
    milliseconds: number,
    id: (place: number) => string,
    loan: CopyLoan,
  ) {
    this.recordType = recordType
    this.ownerId = ownerId
    this.id = id
    this.#rows = new CopyRows(columnsOf(recordType), [ownerId, milliseconds, milliseconds], loan)
  }

  get length(): number {
    return this.#rows.length
  }

  add(attributes: Attributes): void {
    this.#rows.begin()
    this.#rows.value(this.id(this.length))
    for (const column of this.recordType.columns) this.#rows.value(columnValue(column, attributes))
    this.#rows.end()
    this.#refs.push(attributes.external_ref as string | undefined)
  }

  externalRef(place: number): string | undefined {
    return this.#refs[place]
  }

  /**
   * Adds them the fastest way: all that are selected, or none.
   *
   * @throws DatabaseError, a unique violation (23505) if an `external_ref` is taken; the transaction has then
   * failed
   * @param table with the same columns
   */
  async copy(client: Client, selection: Selection, table = this.recordType.table): Promise<void> {
    await this.#rows.copyTo(client, table, selection)
  }

  /**
   * Adds those whose `external_ref` is free.
   *
   * @returns by place, the id of the record that has the `external_ref`, for every record that was not added.
   */
  async insert(client: Client, selection: Selection): Promise<Map<number, string>> {
    const taken = new Map<number, string>()
    let waiting = this.#placesWithout(selection.except)
    if (waiting.length === 0) return taken
    const { table } = this.recordType
    const staged = await this.#stage(client, selection)
    for (let attempt = 0; ; attempt += 1) {
      if (attempt === MAX_ATTEMPTS) throw new Error(`${waiting.length} ${table} conflict with no record`)
      // A distributed PostgreSQL reports how many rows were selected, so those that were added are returned.
      const added = await rows(
        client,
        sql`
          insert into ${raw(table)} (${this.#names}) select ${this.#names} from ${staged}
          on conflict do nothing returning id`,
      )
      if (added.length === waiting.length) return taken
      const refs = waiting.flatMap((place) => this.#refs[place] ?? [])
      const holders = await holdersOfRefs(client, this.recordType, this.ownerId, refs)
      // A record with neither a row nor a holder conflicted with one that was deleted at this very moment:
      // try again.
      waiting = waiting.filter((place) => {
        const ref = this.#refs[place]
        const holder = ref === undefined ? this.id(place) : holders.get(ref)
        if (holder !== undefined && holder !== this.id(place)) taken.set(place, holder)
        return holder === undefined
      })
      if (waiting.length === 0) return taken
      const ids = waiting.map((place) => this.id(place))
      await client.query(sql`delete from ${staged} where id <> all(${ids}::uuid[])`)
    }
  }

  /** Puts the records into a temporary table, which is dropped with the transaction. Returns its name. */
  async #stage(client: Client, selection: Selection): Promise<Sql> {
    const { table } = this.recordType
    const staged = `new_${table}`
    await settled([
      client.query(`create temp table ${staged} (like ${table} including defaults) on commit drop`),
      this.#rows.copyTo(client, staged, selection),
    ])
    return raw(staged)
  }

  get #names(): Sql {
    return join(columnsOf(this.recordType).map(({ name }) => raw(name)))
  }

  #placesWithout(except: ReadonlySet<number>): number[] {
    return this.#refs.flatMap((_, place) => (except.has(place) ? [] : [place]))
  }
}

const MAX_ATTEMPTS = 20

/** A record that was just added. */
export interface Inserted {
  readonly id: string
  /** Milliseconds since 1970, for `created_at` and the id, by the database's clock. */
  readonly milliseconds: number
}

/**
 * Adds one record with valid attributes.
 *
 * @param contentValues the values of the type's `contentColumns`.
 * @returns what was added, or the id of the record that already has its `external_ref`.
 */
export async function insertRecord(
  client: Client,
  { recordType, ownerId }: { readonly recordType: RecordType; readonly ownerId: string },
  attributes: Attributes,
  contentValues: readonly ColumnValue[] = [],
): Promise<Inserted | { readonly holderId: string }> {
  const { table, contentColumns } = recordType
  const columns = [...recordType.columns, ...contentColumns]
  const values = [
    ...recordType.columns.map((column) => [column, columnValue(column, attributes)] as const),
    ...contentColumns.map((column, index) => [column, contentValues[index] ?? null] as const),
  ].map(([{ type }, value]) => sql`${value}::${raw(type)}`)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    const [inserted] = await rows<Inserted>(
      client,
      sql`
        insert into ${raw(table)} (owner_id, id, created_at, updated_at, ${join(columns.map(({ name }) => raw(name)))})
        select ${ownerId}::uuid, (lpad(to_hex(clock.ms), 12, '0') || ${uuidv7().slice(TIME_DIGITS)})::uuid,
               to_timestamp(clock.ms / 1000.0), to_timestamp(clock.ms / 1000.0), ${join(values)}
        from (select ${databaseMilliseconds} as ms) as clock
        on conflict do nothing
        returning id, (extract(epoch from created_at) * 1000)::bigint as milliseconds`,
    )
    if (inserted) return inserted
    const [holderId] = (
      await holdersOfRefs(client, recordType, ownerId, [String(attributes.external_ref)])
    ).values()
    if (holderId !== undefined) return { holderId }
    // The conflicting record was deleted at this very moment: try again.
  }
  throw new Error(`a record of ${table} conflicts with no record`)
}

/** How many characters of a version 7 UUID are its milliseconds. */
export const TIME_DIGITS = 'xxxxxxxx-xxxx'.length

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
