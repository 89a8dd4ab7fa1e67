import { recordTypes } from '../../../src/records/index.js'

/** The tables of all records, and of what they hold. */
export const recordTables: readonly string[] = recordTypes.flatMap(({ table, references }) => [
  table,
  ...references.map((reference) => reference.table),
])
