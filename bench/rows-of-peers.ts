import { hasDirectus } from './directus.js'
import { seconds } from './format.js'
import { findPsql } from './psql.js'
import { type Figure, figure, type Row, sized } from './row.js'
import { directusTrial } from './trials/directus.js'
import { importTrial } from './trials/import.js'
import { psqlTrial } from './trials/psql.js'

/** What a row shows of a program that is not installed. */
const unknown: Figure = { trials: [], of: () => undefined }

/**
 * What people would use instead, each if it is installed, compared with the import of the same records: a file
 * of each size with psql, and one of products by Directus, which is slow.
 */
export const peers = (small: number, large: number): Row[] => [
  ...[...new Set([small, large])].map(psql),
  directus(small),
]

function psql(records: number): Row {
  const program = findPsql()
  const content = 'without-subscriptions'
  const imported = importTrial({ records, content }, 'import without subscriptions')
  return {
    name: sized(`psql: \\copy and upsert${program ? '' : ' (no psql here)'}`, records),
    measured: program ? figure(psqlTrial(program, records), 'seconds') : unknown,
    show: seconds,
    base: { name: 'import', figure: figure(imported, 'seconds') },
  }
}

function directus(records: number): Row {
  const imported = importTrial({ records, content: 'products' }, 'import of products')
  return {
    name: sized(`Directus: import of products${hasDirectus ? '' : ' (not installed)'}`, records),
    measured: hasDirectus ? figure(directusTrial(records), 'seconds') : unknown,
    show: seconds,
    base: { name: 'import', figure: figure(imported, 'seconds') },
  }
}
