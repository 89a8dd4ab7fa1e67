import type { Placed } from './citus.js'
import { DISTRIBUTED, DISTRIBUTION_COLUMN, LOCAL } from './tables.js'

const isOneOf = (names: readonly string[], name: string): boolean => names.includes(name)

/**
 * What is wrong with how Citus keeps our tables, in sentences. That a table is not distributed yet is not wrong:
 * see `undistributedOf`.
 */
export function layoutProblems(placed: readonly Placed[]): string[] {
  const first = placed.find(({ name }) => name === DISTRIBUTED[0])
  return placed.flatMap(({ name, column, colocation }) => {
    if (isOneOf(LOCAL, name)) return [`Citus keeps the table ${name}, which has to be a local one.`]
    if (!isOneOf(DISTRIBUTED, name)) return []
    if (column === null) return [`The table ${name} is not distributed but kept by Citus in another way.`]
    if (column !== DISTRIBUTION_COLUMN) {
      return [`The table ${name} is distributed by ${column}, not by ${DISTRIBUTION_COLUMN}.`]
    }
    if (first && colocation !== first.colocation) {
      return [`The table ${name} is not co-located with ${first.name}.`]
    }
    return first ? [] : [`The table ${name} is distributed, and ${DISTRIBUTED[0]} is not.`]
  })
}

/** The tables of the list that are not distributed. */
export function undistributedOf(placed: readonly Placed[]): string[] {
  const names = placed.map(({ name }) => name)
  return DISTRIBUTED.filter((name) => !names.includes(name))
}
