import sql from 'sql-template-tag'
import { v5 as uuidv5 } from 'uuid'
import { type Client, type Pool, rows } from '../../db/pool.js'
import { attributeKind } from '../../records/attribute-kinds.js'
import { recordTypes } from '../../records/index.js'
import type { LineProblem } from '../file/examine.js'
import type { Import } from '../import.js'
import type { Job } from '../queue/claim.js'

/** Errors that are the same apart from names and numbers, grouped. */
export interface ErrorKind {
  readonly id: string
  readonly field: string
  readonly error: string
  readonly lines: number
  readonly firstLine: number
}

/** The most kinds to return: a person reads the most frequent ones, and a file of garbage has few. */
export const MAX_KINDS = 100

/** An import's errors by kind, the most frequent first. */
export async function listErrorKinds(pool: Pool, { id, ownerId }: Import): Promise<ErrorKind[]> {
  const found = await rows<{ field: string; error: string; lines: number; first_line_number: number }>(
    pool,
    sql`
      select field, error, lines, first_line_number
      from import_error_kinds
      where owner_id = ${ownerId} and import_id = ${id}
      order by lines desc, first_line_number, field, error
      limit ${MAX_KINDS}`,
  )
  return found.map(({ field, error, lines, first_line_number }) => ({
    id: uuidv5(`${field}\0${error}`, id),
    field,
    error,
    lines,
    firstLine: first_line_number,
  }))
}

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
export async function countKinds(
  client: Client,
  { id, ownerId }: Job,
  problems: readonly LineProblem[],
): Promise<void> {
  const counted = new ErrorKinds()
  for (const problem of problems) counted.add(problem)
  const kinds = counted.all
  if (kinds.length === 0) return
  await client.query(sql`
    insert into import_error_kinds as k (owner_id, import_id, field, error, lines, first_line_number)
    select ${ownerId}::uuid, ${id}::uuid, n.field, n.error, n.lines, n.first
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
