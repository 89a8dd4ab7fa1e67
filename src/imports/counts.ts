import { raw, type Sql } from 'sql-template-tag'
import { recordTypes } from '../records/index.js'
import type { Counts } from './terms.js'

export const noCounts = (): Counts => Object.fromEntries(recordTypes.map(({ type }) => [type, 0]))

/** What an import's file contains, and what was done with it so far (contract 6). */
export interface ImportCounts {
  readonly uploaded: Counts
  readonly imported: Counts
  /** Those skipped because they already exist. */
  readonly skipped: Counts
  /** Of the imported, those that were there already: changed, or equal already. */
  readonly updated: Counts
  readonly unchanged: Counts
  /** What its undo has removed, restored and left (contract 12). */
  readonly removed: Counts
  readonly restored: Counts
  readonly kept: Counts
}

/** The rows of `import_counts` of one import, by type; null: it has none. */
export type CountsByType = Readonly<Record<string, Readonly<Record<keyof ImportCounts, number>>>> | null

const KINDS = [
  'uploaded',
  'imported',
  'skipped',
  'updated',
  'unchanged',
  'removed',
  'restored',
  'kept',
] as const

/**
 * A subquery that reads the counts of a row of `imports` as `CountsByType`. It sees what its statement sees:
 * after one that has waited for the row's lock, another statement is needed, or the counts are older than the
 * row.
 *
 * @param imports the alias of the row.
 */
export const countsOf = (imports: string): Sql =>
  raw(`(
    select json_object_agg(c.type, json_build_object(${KINDS.map((kind) => `'${kind}', c.${kind}`).join(', ')}))
    from import_counts c where c.import_id = ${imports}.id)`)

/** Fills in 0 for the types that the import has no row for: they are newer than the import. */
export function toCounts(byType: CountsByType): ImportCounts {
  const read = (kind: keyof ImportCounts): Counts =>
    Object.fromEntries(recordTypes.map(({ type }) => [type, byType?.[type]?.[kind] ?? 0]))
  return {
    uploaded: read('uploaded'),
    imported: read('imported'),
    skipped: read('skipped'),
    updated: read('updated'),
    unchanged: read('unchanged'),
    removed: read('removed'),
    restored: read('restored'),
    kept: read('kept'),
  }
}

/** How many records of each type an import has. */
export const uploadedOf = (byType: CountsByType): Counts =>
  Object.fromEntries(Object.entries(byType ?? {}).map(([type, { uploaded }]) => [type, uploaded]))
