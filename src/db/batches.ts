import sql, { empty, join, raw, type Sql } from 'sql-template-tag'
import { type Pool, rows } from './pool.js'

/**
 * Rows in batches, each read by a statement of its own that continues after the last row of the one before.
 * So no connection is held, and nothing is read again, while somebody slow takes them.
 *
 * @param read the batch that follows a row; undefined: the first one
 * @param isLast whether a batch is known to be the last; an empty one always is
 */
export async function* batches<Row>(
  read: (after: Row | undefined) => Promise<readonly Row[]> | readonly Row[],
  isLast: (batch: readonly Row[]) => boolean = () => false,
): AsyncGenerator<readonly Row[], void, undefined> {
  let after: Row | undefined
  for (;;) {
    const batch = await read(after)
    after = batch.at(-1)
    if (after === undefined) return
    yield batch
    if (isLast(batch)) return
  }
}

/** What is deleted in batches. */
interface Deletion {
  readonly table: string
  readonly where: Sql
  /** Columns that are unique among these rows, and by which an index has them in order. */
  readonly key: readonly string[]
  /** How many rows a batch has. */
  readonly size: number
}

/**
 * Deletes rows in batches, each a range of the key: by a list of keys the planner, which has no statistics of
 * them, reads all rows for each, and from the start of the key on, each batch would pass what the ones before
 * it deleted.
 *
 * @returns how many each batch deleted, before the next one is deleted
 */
export async function* deleteInBatches(
  pool: Pool,
  { table, where, key, size }: Deletion,
): AsyncGenerator<number, void, undefined> {
  const from = raw(table)
  const columns = raw(key.join(', '))
  let after = empty
  for (;;) {
    const [last] = await rows<Readonly<Record<string, string | number>>>(
      pool,
      sql`select ${columns} from ${from} where ${where} ${after} order by ${columns} limit 1 offset ${size - 1}`,
    )
    const end = last && sql`(${join(key.map((name) => last[name]))})`
    const upTo = end ? sql`and (${columns}) <= ${end}` : empty
    const { rowCount } = await pool.query(sql`delete from ${from} where ${where} ${after} ${upTo}`)
    yield rowCount ?? 0
    if (!end) return
    after = sql`and (${columns}) > ${end}`
  }
}
