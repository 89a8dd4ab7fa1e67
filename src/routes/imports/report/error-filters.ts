import sql, { raw } from 'sql-template-tag'
import type { AttributeKind, FilterAttributes } from '../../../http/lists/filter.js'
import { plainField } from '../../../imports/report/kinds.js'
import { recordTypes } from '../../../records/index.js'
import { PROBLEM_CODES } from '../../../schema/problem.js'

/** What errors can be filtered by (contract 6). */
export const errorFilters = {
  code: { oneOf: PROBLEM_CODES },
  field: 'exact',
  kind: 'uuid',
  line_number: 'integer',
  type: { oneOf: recordTypes.map(({ type }) => type) },
} as const satisfies Readonly<Record<string, AttributeKind>>

/** Conditions on `import_error_kinds k`, but for that on the line. */
export const errorFilterAttributes: FilterAttributes = {
  code: equalTo('code'),
  // Without places, as kinds have them; an exact one is looked for among the errors of these.
  field: {
    kind: errorFilters.field,
    column: sql`k.field`,
    condition: (fields) => sql`k.field = any(${fields.map(plainField)}::text[])`,
  },
  kind: { kind: errorFilters.kind, column: sql`k.kind` },
  line_number: { kind: errorFilters.line_number, column: sql`line_number` },
  type: equalTo('type'),
}

function equalTo(name: 'code' | 'type') {
  const column = raw(`k.${name}`)
  return {
    kind: errorFilters[name],
    column,
    condition: (values: readonly string[]) => sql`${column} = any(${values}::text[])`,
  }
}
