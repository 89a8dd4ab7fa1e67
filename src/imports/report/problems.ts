import sql from 'sql-template-tag'
import type { CopyLoan } from '../../db/copy/buffers.js'
import { type CopyColumn, CopyRows } from '../../db/copy/copy.js'
import type { Client } from '../../db/pool.js'
import { recordTypes } from '../../records/index.js'
import { attributeKind } from '../../records/attribute-kinds.js'
import { excerpt } from '../../text/text.js'
import type { LinePlace, LineProblem } from '../file/examine.js'
import type { Job } from '../queue/claim.js'

/** The problems of a chunk, to be added to the report. */
interface Reporting {
  readonly client: Client
  readonly job: Job
  /** Since 1970: their `created_at`. */
  readonly milliseconds: number
  readonly problems: readonly LineProblem[]
  /** Whose buffers are used on the way. */
  readonly loan: CopyLoan
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

/**
 * How much is encoded and sent at a time: each of a line's thousand problems may carry its `external_ref` of
 * 8 kB.
 */
const SLICE_BYTES = 2 ** 20

/** Adds problems to the report. */
export async function insertProblems({
  client,
  job,
  milliseconds,
  problems,
  loan,
}: Reporting): Promise<void> {
  if (problems.length === 0) return
  const rows = new CopyRows(COLUMNS, [job.ownerId, job.id, milliseconds], loan)
  const write = async () => {
    await rows.copyTo(client, 'import_errors')
    rows.clear()
  }
  const perLine = new Map<number, number>()
  for (const { line, field, error, externalRef } of problems) {
    const ordinal = perLine.get(line.number) ?? 0
    perLine.set(line.number, ordinal + 1)
    rows.add([line.number, ordinal, field, error, externalRef ?? null, line.start])
    if (rows.bytes < SLICE_BYTES) continue
    await write()
  }
  await write()
}

/** The problem of a record whose `external_ref` is taken. @param holder by whom: `line 12` */
export const refTaken = (line: LinePlace, ref: string, holder: string): LineProblem => ({
  line,
  field: 'external_ref',
  error: `external_ref "${excerpt(ref)}" is already used by ${holder}`,
  externalRef: ref,
})

/** What errors of a kind have in common: names, places and numbers are left out. */
interface Kind {
  readonly field: string
  readonly error: string
}

interface CountedKind extends Kind {
  lines: number
  first: number
  last: number
}

/** Counts lines by kind of error. */
export class ErrorKinds {
  readonly #kinds = new Map<string, CountedKind>()
  // Most problems are one of a few sentences.
  readonly #known = new Map<string, CountedKind>()

  /** The problems of a line must come one after another. */
  add({ line, field, error }: LineProblem): void {
    const counted = this.#countedOf(field, error)
    if (counted.last !== line.number) counted.lines += 1
    counted.last = line.number
    counted.first = Math.min(counted.first, line.number)
  }

  get all(): readonly Readonly<CountedKind>[] {
    return [...this.#kinds.values()]
  }

  #countedOf(field: string, error: string): CountedKind {
    const sentence = `${field}\0${error}`
    const known = this.#known.get(sentence)
    if (known) return known
    const kind = kindOf(field, error)
    const key = `${kind.field}\0${kind.error}`
    const counted = this.#kinds.get(key) ?? { ...kind, lines: 0, first: Number.POSITIVE_INFINITY, last: 0 }
    this.#kinds.set(key, counted)
    if (this.#known.size === MAX_KNOWN) this.#known.clear()
    this.#known.set(sentence, counted)
    return counted
  }
}

/** The most sentences to remember, since those with names are unlimited. */
const MAX_KNOWN = 1000

/**
 * Adds a chunk's problems to the numbers of lines by kind. Locks them, so only when the chunk's turn has
 * come.
 */
export async function countKinds({ client, job, problems }: Reporting): Promise<void> {
  const counted = new ErrorKinds()
  for (const problem of problems) counted.add(problem)
  const kinds = counted.all
  if (kinds.length === 0) return
  await client.query(sql`
    insert into import_error_kinds as k (owner_id, import_id, field, error, lines, first_line_number)
    select ${job.ownerId}::uuid, ${job.id}::uuid, n.field, n.error, n.lines, n.first
    from unnest(${kinds.map(({ field }) => field)}::text[], ${kinds.map(({ error }) => error)}::text[],
                ${kinds.map(({ lines }) => lines)}::bigint[], ${kinds.map(({ first }) => first)}::bigint[])
           as n(field, error, lines, first)
    on conflict (owner_id, import_id, field, error) do update
    set lines = k.lines + excluded.lines, first_line_number = least(k.first_line_number, excluded.first_line_number)`)
}

/** Maps whose keys come from the caller: `price.USD.amount` becomes `price.*.amount`. */
const openMaps = new Set(
  recordTypes.flatMap(({ attributes }) =>
    Object.entries(attributes.properties).flatMap(([name, schema]) =>
      attributeKind(schema).isMap ? name : [],
    ),
  ),
)
const OPEN_MAP = new RegExp(`\\b(${[...openMaps].join('|')})\\..*?(\\.amount|\\.includes_tax)?$`, 's')

/** The parts of sentences that are specific to one line, and their replacements. */
const OWN: readonly (readonly [RegExp, string])[] = [
  [/\[\d+\]/g, '[]'],
  [/^(\w+) ".*" (?=was not found|is already named by|is already used by|is not one of)/s, '$1 "…" '],
  [/^".*" (?=is not a currency code)/s, '"…" '],
  [/(?<=is already used by ).*$/s, 'another record'],
  [/(?<=^the line is not valid JSON):.*$/s, ''],
  [/(?<= must be (?:the address alone|escaped): ).*$/s, '…'],
]

/** `products[3]` and `product "p-7" was not found` become `products[]` and `product "…" was not found`. */
export function kindOf(field: string, error: string): Kind {
  const plain = field.replaceAll(/\[\d+\]/g, '[]').replace(OPEN_MAP, '$1.*$2')
  const told = field === '' ? error : error.replaceAll(field, () => plain)
  return { field: plain, error: OWN.reduce((text, [own, instead]) => text.replace(own, instead), told) }
}
