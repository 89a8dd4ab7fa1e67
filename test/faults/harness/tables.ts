import { recordTypes } from '../../../src/records/index.js'

/** The tables of all records, and of what they hold. */
export const recordTables: readonly string[] = recordTypes.flatMap(({ table, holds, states }) => [
  table,
  ...holds.map((held) => held.table),
  ...(states ? [states.table] : []),
])
