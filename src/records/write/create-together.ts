import { setTimeout as sleep } from 'node:timers/promises'
import sql, { join, raw } from 'sql-template-tag'
import { v7 as uuidv7 } from 'uuid'
import { databaseMilliseconds } from '../../db/clock.js'
import { isDeadlock, isLockTimeout, isRefusedValue } from '../../db/errors.js'
import { type Client, type Pool, rows, settled, transaction } from '../../db/pool.js'
import { addToTotals } from '../../db/totals.js'
import { type ColumnValue, columnValue } from '../columns.js'
import { columnNames, type Row, type StoredRecord, toRecord } from '../read/records.js'
import type { RecordType } from '../record-type.js'
import { createRecord, RefTaken } from './change.js'
import { holdersOfRefs, TIME_DIGITS } from './insert.js'

/** The most records that are added in one transaction, and the most characters that they have together. */
const MOST_RECORDS = 50
const MOST_CHARACTERS = 256 * 1024

/** How long a record waits for those that were wanted before it. */
const PATIENCE_MS = 250

/** How long records that are added together wait for an `external_ref` of one of them that another transaction has. */
const REF_PATIENCE = '100ms'

/** A record to be added, and whoever waits for it. */
interface Wanted {
  readonly pool: Pool
  readonly visibleOwnerIds: readonly string[]
  readonly attributes: Readonly<Record<string, unknown>>
  readonly values: readonly ColumnValue[]
  /** The part of its id behind the time. */
  readonly tail: string
  readonly done: (record: StoredRecord) => void
  readonly failed: (error: unknown) => void
}

/**
 * Adds records of one type that refer to nothing. Those that an owner wants while others of it are being added are
 * added together, in one transaction: each waits for the disk, and for the owner's total, which one transaction
 * has at a time. One that waits for something of its own does so alone, and delays no other for long.
 */
export class Creations {
  readonly #recordType: RecordType
  /** By owner, those that wait while others are being added. */
  readonly #waiting = new Map<string, Wanted[]>()

  constructor(recordType: RecordType) {
    this.#recordType = recordType
  }

  /**
   * @param visibleOwnerIds the owner first
   * @param attributes valid ones
   * @throws RefTaken
   */
  create(
    pool: Pool,
    visibleOwnerIds: readonly string[],
    attributes: Readonly<Record<string, unknown>>,
  ): Promise<StoredRecord> {
    const [ownerId = ''] = visibleOwnerIds
    const values = this.#recordType.columns.map((column) => columnValue(column, attributes))
    return new Promise((done, failed) => {
      const tail = uuidv7().slice(TIME_DIGITS)
      const wanted = { pool, visibleOwnerIds, attributes, values, tail, done, failed }
      const waiting = this.#waiting.get(ownerId)
      if (waiting) waiting.push(wanted)
      else void this.#addAll(ownerId, [wanted])
    })
  }

  async #addAll(ownerId: string, waiting: Wanted[]): Promise<void> {
    this.#waiting.set(ownerId, waiting)
    while (waiting.length > 0) {
      await atMost(PATIENCE_MS, this.#addSome(ownerId, waiting.splice(0, howMany(waiting))))
    }
    this.#waiting.delete(ownerId)
  }

  async #addSome(ownerId: string, some: readonly Wanted[]): Promise<void> {
    const [first] = some
    if (!first) return
    try {
      const add = (client: Client) => addTogether(client, this.#recordType, ownerId, some)
      const { added, holders } = await transaction(first.pool, add)
      for (const one of some) {
        const record = added.get(one.tail)
        const holderId = holders.get(refOf(one) ?? '')
        if (record) one.done(record)
        else if (holderId !== undefined) one.failed(new RefTaken(holderId))
        // The one that it conflicted with was deleted at this very moment.
        else this.#addAlone(one)
      }
    } catch (error) {
      // Which one it was is not known.
      const isOfOne = isRefusedValue(error) || isLockTimeout(error) || isDeadlock(error)
      for (const one of some) isOfOne ? this.#addAlone(one) : one.failed(error)
    }
  }

  #addAlone({ pool, visibleOwnerIds, attributes, done, failed }: Wanted): void {
    createRecord(pool, this.#recordType, visibleOwnerIds, attributes).then(done, failed)
  }
}

/** Waits for something that never fails, but not longer than so many milliseconds. */
async function atMost(milliseconds: number, something: Promise<void>): Promise<void> {
  const ended = new AbortController()
  const patience = sleep(milliseconds, undefined, { signal: ended.signal }).catch(() => {})
  await Promise.race([something, patience])
  ended.abort()
}

/** How many of the first ones are added at once: at least one. */
function howMany(waiting: readonly Wanted[]): number {
  let characters = 0
  const end = waiting.findIndex(({ values }, place) => {
    for (const value of values) if (typeof value === 'string') characters += value.length
    return place === MOST_RECORDS || (place > 0 && characters > MOST_CHARACTERS)
  })
  return end === -1 ? waiting.length : end
}

interface AddedTogether {
  /** By the part of the id behind the time. */
  readonly added: ReadonlyMap<string, StoredRecord>
  /** Of those that were not added: by `external_ref`, the id of the record that has it. */
  readonly holders: ReadonlyMap<string, string>
}

async function addTogether(
  client: Client,
  recordType: RecordType,
  ownerId: string,
  some: readonly Wanted[],
): Promise<AddedTogether> {
  const { table, columns } = recordType
  const names = columns.map(({ name }) => raw(name))
  const lists = columns.map((_, place) => sql`${some.map(({ values }) => asText(values[place]))}::text[]`)
  const insert = sql`
    insert into ${raw(table)} (owner_id, id, created_at, updated_at, ${join(names)})
    select ${ownerId}::uuid, (lpad(to_hex(clock.ms), 12, '0') || r.tail)::uuid,
           to_timestamp(clock.ms / 1000.0), to_timestamp(clock.ms / 1000.0),
           ${join(columns.map(({ name, type }) => raw(`r.${name}::${type}`)))}
    from (select ${databaseMilliseconds} as ms) as clock,
         unnest(${some.map(({ tail }) => tail)}::text[], ${join(lists)}) as r(tail, ${join(names)})
    on conflict do nothing
    returning ${columnNames(recordType)}`
  // They wait for the total as long as a statement may, like everybody.
  const [, found] = await settled([
    client.query(`set local lock_timeout to '${REF_PATIENCE}'`),
    rows<Row>(client, insert),
    client.query('set local lock_timeout to 0'),
  ])
  const added = new Map(found.map((row) => [row.id.slice(TIME_DIGITS), toRecord(recordType, row)]))
  await addToTotals(client, ownerId, new Map([[table, added.size]]))
  const refs = some.flatMap((one) => (added.has(one.tail) ? [] : (refOf(one) ?? [])))
  const holders = refs.length > 0 ? await holdersOfRefs(client, recordType, ownerId, refs) : new Map()
  return { added, holders }
}

const refOf = ({ attributes }: Wanted) => attributes.external_ref as string | undefined

const asText = (value: ColumnValue | undefined): string | null =>
  value === null || value === undefined ? null : String(value)
