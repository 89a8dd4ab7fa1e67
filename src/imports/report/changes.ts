import sql, { raw } from 'sql-template-tag'
import { batches } from '../../db/batches.js'
import { type Pool, rows } from '../../db/pool.js'
import { firstSlice, isWhole, SLICE_ROWS, type SliceRow } from '../../db/slices.js'
import type { Column } from '../../records/columns.js'
import { recordTypes } from '../../records/index.js'
import { holderIdName, type RecordType } from '../../records/record-type.js'
import { toUtc } from '../../schema/time.js'
import type { Import } from '../import.js'
import { lineOfRecord } from '../record-id.js'

/** The value before and after; null: there is none. */
type Pair = readonly [before: unknown, after: unknown]

/** What a line did to a record, or would do (contract 11). */
export interface ChangeOfLine {
  readonly line: number
  readonly type: string
  /** Absent: only the dry run has the record. */
  readonly id: string | undefined
  readonly externalRef: string | undefined
  readonly change: 'created' | 'updated' | 'unchanged'
  /**
   * Those that differ, by name; absent: they were not recorded, since what was held was very large, or the
   * import is from before an upgrade.
   *
   */
  readonly attributes: Readonly<Record<string, Pair>> | undefined
}

interface ChangeRow extends SliceRow {
  readonly line_number: number
  readonly resource: string
  readonly record_id: string
  readonly external_ref: string | null
  readonly change: ChangeOfLine['change'] | null
  readonly before: Values | null
  readonly after: Values | null
  readonly lists: Readonly<Record<string, Pair>> | null
}

type Values = Readonly<Record<string, unknown>>

/** The journal of an import that changes records, by line. Streams, holding one batch. */
export async function* importChanges(
  pool: Pool,
  { id, ownerId, dryRun }: Import,
): AsyncGenerator<readonly ChangeOfLine[], void, undefined> {
  const size = raw(
    ['external_ref', 'before', 'after', 'lists']
      .map((name) => `coalesce(pg_column_size(p.${name}), 0)`)
      .join(' + '),
  )
  const read = (after: ChangeRow | undefined) => {
    const page = sql`
      select line_number, resource, record_id, external_ref, change, before, after, lists from import_changes
      where owner_id = ${ownerId} and import_id = ${id} and line_number > ${after?.line_number ?? 0}
      order by line_number limit ${SLICE_ROWS}`
    return rows<ChangeRow>(pool, sql`${firstSlice(page, sql`line_number`, size)} order by line_number`)
  }
  for await (const found of batches(read, (batch) => isWhole(batch, SLICE_ROWS))) {
    yield found.flatMap((row) => {
      const recordType = byTable.get(row.resource)
      if (!recordType) return []
      const isGone = dryRun && lineOfRecord(id, row.record_id) !== undefined
      const change = changeOf(recordType, row)
      return isGone ? { ...change, id: undefined } : change
    })
  }
}

const byTable = new Map(recordTypes.map((recordType) => [recordType.table, recordType]))

const changeOf = (recordType: RecordType, row: ChangeRow): ChangeOfLine => ({
  line: row.line_number,
  type: recordType.type,
  id: row.record_id,
  externalRef: row.external_ref ?? undefined,
  change: row.change ?? 'updated',
  attributes: row.change === null ? undefined : differing(recordType, row),
})

function differing(recordType: RecordType, { before, after, lists }: ChangeRow): Record<string, Pair> {
  const own = recordType.columns.flatMap((column) => pairOf(column, column.path.join('.'), before, after))
  const content = contentAttributes(recordType).flatMap(([name, column]) =>
    pairOf(column, name, before, after),
  )
  const listed = Object.entries(lists ?? {}).filter(
    ([name, [from, to]]) => !isSelection(recordType, name) || !isEqual(from, to),
  )
  return Object.fromEntries([...own, ...content, ...listed])
}

type ShownColumn = Pick<Column, 'name' | 'type'> & Partial<Pick<Column, 'isWriteOnly'>>

function pairOf(
  { name, type, isWriteOnly = false }: ShownColumn,
  path: string,
  before: Values | null,
  after: Values | null,
): [string, Pair][] {
  if (!before || !after || !Object.hasOwn(after, name)) return []
  // What is only written is named, and never shown (contract 8).
  if (isWriteOnly) return [[path, ['hidden', 'hidden']]]
  const show = (value: unknown) =>
    type === 'timestamptz' && typeof value === 'string' ? toUtc(value) : value
  return [[path, [show(before[name]), show(after[name])]]]
}

/**
 * The columns for what a record refers to the content of, under the names that its line gives them. What
 * follows from the selection, and the selection by id, which is another one with each copy, are left out.
 *
 */
function contentAttributes({ content, contentColumns }: RecordType): [string, ShownColumn][] {
  if (!content) return []
  const { to, attribute, selects } = content
  const ids = [holderIdName(to), `${attribute}_external_ref`]
  return contentColumns.flatMap((column): [string, ShownColumn][] => {
    const { name } = column
    if (name === selects.id || Object.hasOwn(selects.columns, name)) return []
    return [[ids.includes(name) ? name : name.replace(`${to.noun}_`, `${attribute}.`), column]]
  })
}

const isSelection = ({ content }: RecordType, name: string): boolean => content?.selects.ref === name

const isEqual = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)
