import sql from 'sql-template-tag'
import { type CopyColumn, CopyRows } from '../db/copy.js'
import type { Client } from '../db/pool.js'
import { recordTypes } from '../records/index.js'
import type { LineProblem } from './chunks.js'
import type { Job } from './queue.js'

/** The problems of a chunk on their way into the report. */
interface Reporting {
  readonly client: Client
  readonly job: Job
  /** Since 1970: their `created_at`. */
  readonly milliseconds: number
  readonly problems: readonly LineProblem[]
}

const COLUMNS: readonly CopyColumn[] = [
  { name: 'owner_id', type: 'uuid' },
  { name: 'import_id', type: 'uuid' },
  { name: 'created_at', type: 'timestamptz' },
  { name: 'line_number', type: 'bigint' },
  { name: 'ordinal', type: 'integer' },
  { name: 'field', type: 'text' },
  { name: 'error', type: 'text' },
  { name: 'external_ref', type: 'text' },
  { name: 'line_start', type: 'bigint' },
]

/** Adds problems to the report. */
export async function insertProblems({ client, job, milliseconds, problems }: Reporting): Promise<void> {
  if (problems.length === 0) return
  const rows = new CopyRows(COLUMNS, [job.ownerId, job.id, milliseconds])
  const perLine = new Map<number, number>()
  for (const { line, field, error, externalRef } of problems) {
    const ordinal = perLine.get(line.number) ?? 0
    perLine.set(line.number, ordinal + 1)
    rows.add([line.number, ordinal, field, error, externalRef ?? null, line.start])
  }
  await rows.copyTo(client, 'import_errors')
  rows.recycle()
}

/** What errors that say the same have in common: names, places and numbers are left out. */
interface Kind {
  readonly field: string
  readonly error: string
}

interface CountedKind extends Kind {
  readonly lines: Set<number>
  first: number
}

/** Adds a chunk's problems to the numbers of lines by kind. Locks them: only when the chunk's turn has come. */
export async function countKinds({ client, job, problems }: Reporting): Promise<void> {
  const kinds = [...kindsOf(problems)]
  if (kinds.length === 0) return
  await client.query(sql`
    insert into import_error_kinds as k (owner_id, import_id, field, error, lines, first_line_number)
    select ${job.ownerId}::uuid, ${job.id}::uuid, n.field, n.error, n.lines, n.first
    from unnest(${kinds.map(({ field }) => field)}::text[], ${kinds.map(({ error }) => error)}::text[],
                ${kinds.map(({ lines }) => lines.size)}::bigint[], ${kinds.map(({ first }) => first)}::bigint[])
           as n(field, error, lines, first)
    on conflict (owner_id, import_id, field, error) do update
    set lines = k.lines + excluded.lines, first_line_number = least(k.first_line_number, excluded.first_line_number)`)
}

function kindsOf(problems: readonly LineProblem[]): Iterable<CountedKind> {
  const kinds = new Map<string, CountedKind>()
  // Most problems of a chunk are the same few sentences.
  const known = new Map<string, CountedKind>()
  for (const { line, field, error } of problems) {
    const sentence = `${field}\0${error}`
    let counted = known.get(sentence)
    if (!counted) {
      const kind = kindOf(field, error)
      const key = `${kind.field}\0${kind.error}`
      counted = kinds.get(key) ?? { ...kind, lines: new Set(), first: line.number }
      kinds.set(key, counted)
      known.set(sentence, counted)
    }
    counted.lines.add(line.number)
    counted.first = Math.min(counted.first, line.number)
  }
  return kinds.values()
}

/** Objects whose keys are the caller's: `price.USD.amount` is `price.*.amount`. */
const openMaps = new Set(
  recordTypes.flatMap(({ columns }) => columns.flatMap(({ type, name }) => (type === 'jsonb' ? name : []))),
)
const OPEN_MAP = new RegExp(`\\b(${[...openMaps].join('|')})\\..*?(\\.amount|\\.includes_tax)?$`, 's')

/** What the sentences of a report have in them that is one line's own, and what stands for it. */
const OWN: readonly (readonly [RegExp, string])[] = [
  [/\[\d+\]/g, '[]'],
  [/^(\w+) ".*" (?=was not found|is already named by|is already used by|is not one of)/s, '$1 "…" '],
  [/^".*" (?=is not a currency code)/s, '"…" '],
  [/(?<=is already used by ).*$/s, 'another record'],
  [/(?<=^the line is not valid JSON):.*$/s, ''],
]

/** `products[3]` and `product "p-7" was not found` become `products[]` and `product "…" was not found`. */
export function kindOf(field: string, error: string): Kind {
  const plain = field.replaceAll(/\[\d+\]/g, '[]').replace(OPEN_MAP, '$1.*$2')
  const told = field === '' ? error : error.replaceAll(field, () => plain)
  return { field: plain, error: OWN.reduce((text, [own, instead]) => text.replace(own, instead), told) }
}
