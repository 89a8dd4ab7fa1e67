import type { Pool } from '../../../src/db/pool.js'
import { recordTypes } from '../../../src/records/index.js'
import type { Api } from '../../support/api.js'
import { answered } from './patience.js'

/** The visible outcome of imports, without what differs each time: ids and times. */
export interface Outcome {
  readonly imports: readonly unknown[]
  /** By table, its rows as JSON, ordered by their content. */
  readonly rows: Readonly<Record<string, readonly string[]>>
}

/** Reads the outcome of an owner's imports, and everything the owner has. */
export async function outcomeOf(
  api: Api,
  pool: Pool,
  ownerId: string,
  imports: readonly string[],
): Promise<Outcome> {
  const told: unknown[] = []
  for (const id of imports) {
    const { attributes, meta } = (await answered(() => api.get(`/subscriptions/imports/${id}`))).body.data
    const report: Record<string, unknown> = {}
    for (const [what, statement] of reports) {
      const { rows } = await pool.query(statement, [ownerId, id])
      report[what] = rows
    }
    report.results = await resultsOf(api, id)
    const { records, errors, file, failure } = meta
    told.push({ status: attributes.status, records, errors, file, failure: failure?.reason, ...report })
  }
  const rows: Record<string, readonly string[]> = {}
  for (const [table, statement] of statements) {
    const result = await pool.query(`select r::text as row from (${statement}) as s(r) order by 1`, [ownerId])
    rows[table] = result.rows.map(({ row }) => row)
  }
  return { imports: told, rows }
}

/** What was imported, by line, as the API returns it. */
async function resultsOf(api: Api, id: string): Promise<unknown> {
  const { status, body } = await answered(() => api.get(`/subscriptions/imports/${id}/results`))
  if (status !== 200) return status
  const lines = String(body).split('\n').filter(Boolean)
  return lines.map((line) => ({ ...JSON.parse(line), id: '' }))
}

const reports: readonly (readonly [string, string])[] = [
  [
    'problems',
    // A record of an earlier import is named by its id.
    `select line_number, ordinal, line_start, type, code, field, value, external_ref,
            regexp_replace(error, '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'another') as error
     from import_errors where owner_id = $1 and import_id = $2 order by line_number, ordinal`,
  ],
  [
    'kinds',
    `select type, code, field, error, errors, lines, first_line_number from import_error_kinds
     where owner_id = $1 and import_id = $2 order by type, field, error`,
  ],
  [
    'warnings',
    `select code, w.type, field, lines, first_line_number, warnings
     from import_warnings w join imports i on i.id = w.import_id
     where w.owner_id = $1 and import_id = $2 order by code, w.type, field`,
  ],
  [
    'updates',
    `select resource, line_number, change, external_ref from import_changes where owner_id = $1 and import_id = $2 order by line_number`,
  ],
]

const OWN = "array['owner_id', 'id', 'created_at', 'updated_at', 'holder_id', 'source_id']"

/** What differs each time because it is an id, or follows from the time of the import. */
const OF_SUBSCRIPTION = "array['offering_id', 'plan_id', 'invoice_after', 'closes_at', 'end_date']"

const statements: readonly (readonly [string, string])[] = [
  ...recordTypes.flatMap(({ table, holds, content }): [string, string][] => [
    content
      ? [
          table,
          `select to_jsonb(t) - ${OWN} - ${OF_SUBSCRIPTION} || jsonb_build_object(
             'original', (select o.external_ref from ${content.to.table} o where o.owner_id = t.owner_id and o.id = t.offering_id),
             'dates', case when t.started_at is not null or t.pending
                        then jsonb_build_array(t.invoice_after, t.closes_at, t.end_date) end)
           from ${table} t where owner_id = $1`,
        ]
      : [table, `select to_jsonb(t) - ${OWN} from ${table} t where owner_id = $1`],
    ...holds.map((held): [string, string] => [
      held.table,
      `select jsonb_build_object('of', o.name, 'copies', jsonb_agg(
                jsonb_build_object('copy', to_jsonb(s) - ${OWN}, 'original', original.external_ref,
                                   'selected', ${held.selection ? `s.id = o.${held.selection.column}` : 'null'}) order by s.id))
       from ${table} o
       join ${held.table} s on s.owner_id = o.owner_id and s.holder_id = o.id
       left join ${held.to.table} original on original.owner_id = s.owner_id and original.id = s.source_id
       where o.owner_id = $1
       group by o.id, o.name`,
    ]),
  ]),
  [
    'totals',
    "select to_jsonb(t) - 'owner_id' from totals t where owner_id = $1 and total > 0 and resource <> 'imports'",
  ],
]

/** The first difference of two outcomes, for people; undefined: none. */
export function difference(expected: Outcome, actual: Outcome): string | undefined {
  for (const [index, one] of expected.imports.entries()) {
    const found = firstDifference(one, actual.imports[index], `import ${index + 1}`)
    if (found) return found
  }
  for (const [table, rows] of Object.entries(expected.rows)) {
    const found = firstDifference(rows, actual.rows[table], table)
    if (found) return found
  }
  return undefined
}

function firstDifference(expected: unknown, actual: unknown, path: string): string | undefined {
  if (Object.is(expected, actual)) return undefined
  if (isObject(expected) && isObject(actual)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      const found = firstDifference(expected[key], actual[key], `${path}.${key}`)
      if (found) return found
    }
    return undefined
  }
  return `${path} is ${JSON.stringify(actual)}; without faults it is ${JSON.stringify(expected)}`
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
