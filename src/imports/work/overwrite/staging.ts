import { raw } from 'sql-template-tag'
import { type Client, settled } from '../../../db/pool.js'
import type { RecordType } from '../../../records/record-type.js'

/** The temporary table that stands beside a table of records or snapshots. */
export const stagedTable = (table: string): string => `new_${table}`

/**
 * The type of the same records while they are in temporary tables, before they are written over existing
 * ones.
 */
export function stagedType({ content, ...recordType }: RecordType): RecordType {
  const staged = <Holds extends { readonly table: string }>(held: Holds): Holds => ({
    ...held,
    table: stagedTable(held.table),
  })
  return {
    ...recordType,
    table: stagedTable(recordType.table),
    references: recordType.references.map(staged),
    holds: recordType.holds.map(staged),
    ...(content && { content: { ...content, holds: content.holds.map(staged) } }),
  }
}

/** Creates the temporary tables of a transaction, or empties them. */
export class Staging {
  readonly #client: Client
  readonly #tables: readonly string[]
  #isCreated = false

  constructor(client: Client, { table, holds }: RecordType) {
    this.#client = client
    this.#tables = [table, ...holds.map((held) => held.table)]
  }

  async prepare(): Promise<void> {
    await settled(
      this.#tables.map((table) =>
        this.#client.query(
          this.#isCreated
            ? // There are few rows, and to truncate a table takes longer.
              `delete from ${stagedTable(table)}`
            : `create temp table ${stagedTable(table)} (like ${table} including defaults) on commit drop`,
        ),
      ),
    )
    this.#isCreated = true
  }
}

/** The names of columns, each with what comes before it. */
export const columnList = (columns: readonly { readonly name: string }[], alias = '') =>
  raw(columns.map(({ name }) => `${alias}${name}`).join(', '))
