import sql from 'sql-template-tag'
import { v5 as uuidv5 } from 'uuid'
import { type Client, type Pool, rows } from '../../db/pool.js'
import { attributeKind } from '../../records/attribute-kinds.js'
import { recordTypes } from '../../records/index.js'
import type { ProblemCode } from '../../schema/problem.js'
import type { LineProblem } from '../file/examine.js'
import type { Import } from '../import.js'
import type { Job } from '../queue/claim.js'

/** Errors that are the same apart from names and numbers, grouped. */
export interface ErrorKind {
  readonly id: string
  /** Undefined: the errors are older than codes. */
  readonly code: ProblemCode | undefined
  readonly field: string
  readonly error: string
  readonly lines: number
  readonly firstLine: number
}

/** The most kinds to return: a person reads the most frequent ones, and a file of garbage has few. */
export const MAX_KINDS = 100

/** An import's errors by kind, the most frequent first. */
export async function listErrorKinds(pool: Pool, { id, ownerId }: Import): Promise<ErrorKind[]> {
  const found = await rows<KindRow>(
    pool,
    sql`
      select min(code) as code, field, error, sum(lines)::bigint as lines, min(first_line_number) as first_line_number
      from import_error_kinds
      where owner_id = ${ownerId} and import_id = ${id}
      group by field, error
      order by lines desc, first_line_number, field, error
      limit ${MAX_KINDS}`,
  )
  return found.map(({ code, field, error, lines, first_line_number }) => ({
    id: kindId(id, field, error),
    code: code ?? undefined,
    field,
    error,
    lines,
    firstLine: first_line_number,
  }))
}

interface KindRow {
  readonly code: ProblemCode | null
  readonly field: string
  readonly error: string
  readonly lines: number
  readonly first_line_number: number
}

/** The id of a kind in its import. */
const kindId = (importId: string, field: string, error: string): string =>
  uuidv5(`${field}\0${error}`, importId)

/** What errors of a kind have in common: names, places and numbers are left out. */
interface Kind {
  readonly field: string
  readonly error: string
}

/** A kind among the records of one type, which its errors are counted and filtered by. */
export interface CountedKind extends Kind {
  readonly type: string | undefined
  readonly code: ProblemCode
  errors: number
  lines: number
  first: number
  last: number
}

/** Counts lines by kind of error. */
export class ErrorKinds {
  readonly #kinds = new Map<string, CountedKind>()
  // Most problems are one of a few sentences.
  readonly #known = new Map<string, CountedKind>()

  /** Returns the problem's kind. The problems of a line must come one after another. */
  add(problem: LineProblem): Readonly<CountedKind> {
    const { number } = problem.line
    const counted = this.#countedOf(problem)
    counted.errors += 1
    if (counted.last !== number) counted.lines += 1
    counted.last = number
    counted.first = Math.min(counted.first, number)
    return counted
  }

  /** As an import's kinds are listed: of all types together, the most frequent first. */
  get ofAllTypes(): readonly Readonly<CountedKind>[] {
    const merged = new Map<string, CountedKind>()
    for (const kind of this.#kinds.values()) {
      const key = `${kind.field}\0${kind.error}`
      const one = merged.get(key)
      if (one) {
        one.lines += kind.lines
        one.first = Math.min(one.first, kind.first)
      } else merged.set(key, { ...kind })
    }
    const inOrder = ([key, a]: [string, CountedKind], [otherKey, b]: [string, CountedKind]) =>
      b.lines - a.lines || a.first - b.first || (key < otherKey ? -1 : 1)
    return [...merged].sort(inOrder).map(([, kind]) => kind)
  }

  #countedOf({ type, code, field, error }: LineProblem): CountedKind {
    const sentence = `${type}\0${field}\0${error}`
    const known = this.#known.get(sentence)
    if (known) return known
    const kind = kindOf(field, error)
    const key = `${type}\0${kind.field}\0${kind.error}`
    const counts = { errors: 0, lines: 0, first: Number.POSITIVE_INFINITY, last: 0 }
    const counted = this.#kinds.get(key) ?? { ...kind, type, code, ...counts }
    this.#kinds.set(key, counted)
    if (this.#known.size === MAX_KNOWN) this.#known.clear()
    this.#known.set(sentence, counted)
    return counted
  }
}

/** The most sentences to remember, since those with names are unlimited. */
const MAX_KNOWN = 1000

/** The kinds of the errors of an import, with the ids that these have in the database. */
export class ImportErrorKinds {
  readonly #importId: string
  readonly #kinds = new ErrorKinds()
  readonly #ids = new Map<Readonly<CountedKind>, string>()

  constructor(importId: string) {
    this.#importId = importId
  }

  /** Returns the id of the problem's kind. The problems of a line must come one after another. */
  add(problem: LineProblem): string {
    const kind = this.#kinds.add(problem)
    const known = this.#ids.get(kind)
    if (known !== undefined) return known
    const id = uuidv5(`${kind.type}\0${kind.field}\0${kind.error}`, this.#importId)
    this.#ids.set(kind, id)
    return id
  }

  /** By id. */
  get all(): readonly (readonly [Readonly<CountedKind>, string])[] {
    return [...this.#ids]
  }
}

/** Adds those of a chunk to the numbers of lines by kind. Locks them, so only when the chunk's turn has come. */
export async function countKinds(
  client: Client,
  { id, ownerId }: Job,
  counted: ImportErrorKinds,
): Promise<void> {
  const kinds = counted.all
  if (kinds.length === 0) return
  const column = <Value>(of: (kind: Readonly<CountedKind>) => Value) => kinds.map(([kind]) => of(kind))
  await client.query(sql`
    insert into import_error_kinds as k
      (owner_id, import_id, id, kind, type, code, field, error, errors, lines, first_line_number)
    select ${ownerId}::uuid, ${id}::uuid, n.id, n.kind, n.type, n.code, n.field, n.error, n.errors, n.lines, n.first
    from unnest(${kinds.map(([, kind]) => kind)}::uuid[], ${column(({ field, error }) => kindId(id, field, error))}::uuid[],
                ${column(({ type }) => type ?? null)}::text[], ${column(({ code }) => code)}::text[],
                ${column(({ field }) => field)}::text[], ${column(({ error }) => error)}::text[],
                ${column(({ errors }) => errors)}::bigint[], ${column(({ lines }) => lines)}::bigint[],
                ${column(({ first }) => first)}::bigint[])
           as n(id, kind, type, code, field, error, errors, lines, first)
    on conflict (owner_id, import_id, id) do update
    set errors = k.errors + excluded.errors, lines = k.lines + excluded.lines,
        first_line_number = least(k.first_line_number, excluded.first_line_number)`)
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
  [
    /^(\w+) ".*" (?=was not found|is already named by|is already used by|is not one of|is several of)/s,
    '$1 "…" ',
  ],
  [/^".*" (?=is not a currency code)/s, '"…" '],
  [/(?<=is already used by ).*$/s, 'another record'],
  [/(?<=^the line is not valid JSON):.*$/s, ''],
  [/(?<= must be (?:the address alone|escaped): ).*$/s, '…'],
]

/** A field without places: `products[3]` becomes `products[]`, `price.USD.amount` becomes `price.*.amount`. */
export const plainField = (field: string): string =>
  field.replaceAll(/\[\d+\]/g, '[]').replace(OPEN_MAP, '$1.*$2')

/** `products[3]` and `product "p-7" was not found` become `products[]` and `product "…" was not found`. */
export function kindOf(field: string, error: string): Kind {
  const plain = plainField(field)
  const told = field === '' ? error : error.replaceAll(field, () => plain)
  return { field: plain, error: OWN.reduce((text, [own, instead]) => text.replace(own, instead), told) }
}
