import sql, { join, type Sql } from 'sql-template-tag'
import { type Pool, rows } from '../../db/pool.js'
import type { Import } from '../import.js'

/** Errors of some kinds; with `fields`, only those about one of these. */
export interface SelectedKinds {
  readonly ids: readonly string[]
  readonly fields: readonly string[] | undefined
}

/** Which errors of an import are wanted. */
export interface SelectedErrors {
  /** Undefined: of all kinds. */
  readonly kinds: readonly SelectedKinds[] | undefined
  /** The condition on their lines. */
  readonly lines: Sql | undefined
  /** How many there are, if that is known. */
  readonly count: number | undefined
}

/** One of the conditions that errors fit, in SQL: on `line_number`, or on `import_error_kinds k`. */
export interface ErrorCondition {
  readonly attribute: string
  readonly values: readonly string[]
  readonly where: Sql
}

/** The errors are older than what they are filtered by. */
export class OldErrors extends Error {
  override name = 'OldErrors'
}

/** The most kinds that are each read by themselves. */
const MOST_KINDS = 200

/**
 * Finds out of which kinds the errors are that fit all conditions: there are few kinds, however many errors.
 *
 * @throws OldErrors
 */
export async function selectKinds(
  pool: Pool,
  { id, ownerId, errors }: Import,
  conditions: readonly ErrorCondition[],
): Promise<SelectedErrors> {
  const ofLines = conditions.filter(({ attribute }) => attribute === 'line_number')
  const ofKinds = conditions.filter(({ attribute }) => attribute !== 'line_number')
  const lines = ofLines.length > 0 ? allOf(ofLines) : undefined
  if (ofKinds.length === 0) return { kinds: undefined, lines, count: lines ? undefined : errors }
  const found = await rows<KindRow>(
    pool,
    sql`
      select id, field, errors, code is null as is_old
      from import_error_kinds k
      where owner_id = ${ownerId} and import_id = ${id} and (code is null or ${allOf(ofKinds)})`,
  )
  if (found.some(({ is_old }) => is_old)) throw new OldErrors()
  const fields = ofKinds.flatMap(({ attribute, values }) => (attribute === 'field' ? [values] : []))
  const kinds = found.map((kind) => ({ ids: [kind.id], fields: exactFields(kind, fields) }))
  const isKnown = lines === undefined && kinds.every((kind) => kind.fields === undefined)
  const count = isKnown ? found.reduce((sum, kind) => sum + kind.errors, 0) : undefined
  return { kinds: kinds.length > MOST_KINDS ? together(kinds) : kinds, lines, count }
}

interface KindRow {
  readonly id: string
  readonly field: string
  readonly errors: number
  readonly is_old: boolean
}

const allOf = (conditions: readonly { readonly where: Sql }[]): Sql =>
  join(
    conditions.map(({ where }) => where),
    ' and ',
  )

/** The fields that all of these lists have, of those that are not named without places. Undefined: all. */
function exactFields(
  { field }: KindRow,
  lists: readonly (readonly string[])[],
): readonly string[] | undefined {
  const exact = lists.filter((fields) => !fields.includes(field))
  return exact[0]?.filter((one) => exact.every((fields) => fields.includes(one)))
}

/** Kinds of which the same fields are wanted. */
function together(kinds: readonly SelectedKinds[]): readonly SelectedKinds[] {
  const byFields = new Map<string, { ids: string[]; fields: SelectedKinds['fields'] }>()
  for (const { ids, fields } of kinds) {
    const key = JSON.stringify(fields ?? null)
    const one = byFields.get(key) ?? { ids: [], fields }
    one.ids.push(...ids)
    byFields.set(key, one)
  }
  return [...byFields.values()]
}
