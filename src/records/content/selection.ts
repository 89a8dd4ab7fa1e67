import sql, { raw, type Sql } from 'sql-template-tag'
import { type Client, type Pool, rows } from '../../db/pool.js'
import { uuidArray } from '../../db/uuid-array.js'
import type { Problem } from '../../schema/problem.js'
import type { ColumnValue } from '../columns.js'
import type { Content, RecordType, Snapshots, StoredColumn } from '../record-type.js'
import type { Source } from '../snapshot.js'
import { type NamedContent, noPrice, notOne } from './content.js'
import { hasPrice } from './validate.js'

/** What records of a chunk ask in common: of an offering, a selector, and a currency. */
export interface Question {
  readonly named: Pick<NamedContent, 'selector' | 'currency'>
  readonly source: Source
}

/** Whose lists are asked about, and the columns of its own that are answered as `source_…`. */
export interface Asked {
  readonly holds: readonly Snapshots[]
  readonly table: string
  readonly columns: readonly StoredColumn[]
}

/** What the database knows of a selection, with the values of `selects.columns`. */
export interface Answer extends Readonly<Record<string, unknown>> {
  /** The question, from 1. */
  readonly key: number
  /** When the record was last changed, with all that it holds. */
  readonly version: string
  /** How many elements the list has, how many of them are selected, and the first of these, from 1. */
  readonly elements: number
  readonly fitting: number
  readonly place: number
  readonly selected_id: string
  /** How many elements the list with the prices has. */
  readonly products: number
  /** Whether anything has a price in any currency. */
  readonly is_priced: boolean
  readonly base_price_percentage: number | null
  readonly has_fixed: boolean
  readonly fixed: unknown
  /** What the products cost together in the currency; null: not all have a price in it. */
  readonly sum: string | null
}

/** How many questions a statement asks: each may have to read a thousand products. */
const SLICE = 1000

/** Asks the database, of each question's record, what is selected and what it costs. In no particular order. */
export async function askAll(
  db: Client | Pool,
  content: Content,
  asked: Asked,
  questions: readonly Question[],
): Promise<Answer[]> {
  const answers: Answer[] = []
  // One owner at a time, since a distributed PostgreSQL answers where the owner's rows are.
  for (const ownerId of new Set(questions.map(({ source }) => source.owner_id))) {
    const places = [...questions.keys()].filter((place) => questions[place]?.source.owner_id === ownerId)
    for (let start = 0; start < places.length; start += SLICE) {
      const slice = places.slice(start, start + SLICE)
      const own = slice.flatMap((place) => questions[place] ?? [])
      const found = await rows<Answer>(db, ask(content, asked, ownerId, own))
      for (const answer of found) answers.push({ ...answer, key: (slice[answer.key - 1] ?? 0) + 1 })
    }
  }
  return answers
}

function ask(
  { selects }: Content,
  { holds, table, columns }: Asked,
  ownerId: string,
  questions: readonly Question[],
): Sql {
  const list = holds.find(({ attribute }) => attribute === selects.attribute)
  const priced = holds.find(({ attribute }) => attribute === list?.pricedBy)
  if (!list || !priced) throw new Error(`${table} hold no list with prices`)
  const selector = (by: 'id' | 'external_ref') =>
    questions.map(({ named }) => (named.selector?.by === by ? named.selector.text : null))
  const answered = [
    ...Object.values(selects.columns).map((name) => `s.${name}`),
    ...columns.map(({ name }) => `o.${name} as source_${name}`),
  ]
  return sql`
    select q.key, o.updated_at as version, l.elements, l.fitting, l.place, p.products, p.sum, l.has_fixed or p.is_priced as is_priced,
           s.id as selected_id, s.base_price_percentage, s.fixed_price -> q.currency as fixed,
           coalesce(s.fixed_price, '{}') <> '{}' as has_fixed, ${raw(answered.join(', '))}
    from unnest(${uuidArray(questions.map(({ source }) => source.id))}::uuid[],
                ${selector('id')}::uuid[], ${selector('external_ref')}::text[],
                ${questions.map(({ named }) => named.currency)}::text[])
           with ordinality as q(source_id, selected_id, selected_ref, currency, key)
    cross join lateral (
      select * from ${raw(table)} t where t.owner_id = ${ownerId} and t.id = q.source_id offset 0
    ) as o
    cross join lateral (
      select count(*) as elements, count(*) filter (where fits) as fitting, min(place) filter (where fits) as place,
             coalesce(bool_or(has_fixed), false) as has_fixed
      from (
        select row_number() over (order by id) as place, coalesce(fixed_price, '{}') <> '{}' as has_fixed,
               case when q.selected_id is not null then id = q.selected_id or source_id is not distinct from q.selected_id
                    when q.selected_ref is not null then external_ref is not distinct from q.selected_ref
                    else true end as fits
        from ${raw(list.table)} where owner_id = ${ownerId} and holder_id = q.source_id
      ) as e
    ) as l
    cross join lateral (
      select count(*) as products, coalesce(bool_or(coalesce(price, '{}') <> '{}'), false) as is_priced,
             case when count(*) = count(price -> q.currency)
               then coalesce(sum((price -> q.currency ->> 'amount')::numeric), 0)::text end as sum
      from ${raw(priced.table)} where owner_id = ${ownerId} and holder_id = q.source_id
    ) as p
    left join lateral (
      select * from ${raw(list.table)} where owner_id = ${ownerId} and holder_id = q.source_id
      order by id offset greatest(l.place - 1, 0) limit 1
    ) as s on l.fitting = 1`
}

/** The problem of a selection that is missing. */
export function mustSelect({ to, selects }: Content, elements: number): Problem {
  const those = `${to.noun}'s ${elements} ${selects.attribute}`
  const error = `one of the ${those} must be selected, by ${selects.id} or ${selects.ref}`
  return { code: 'required', field: selects.id, error }
}

/** What is wrong with a selection. */
export function selectionProblem(
  content: Content,
  { selector, currency }: Question['named'],
  { elements, fitting, is_priced, ...answer }: Answer,
): Problem | undefined {
  const { to, selects } = content
  if (elements === 0) {
    return { code: 'not_found', field: selects.id, error: `the ${to.noun} has no ${selects.attribute}` }
  }
  if (fitting !== 1) {
    return selector ? notOne(content, selector.field, selector.text, fitting) : mustSelect(content, elements)
  }
  const { base_price_percentage, has_fixed, fixed, sum } = answer
  // A fixed price counts as soon as it has any currency.
  const fixedPrice = fixed === null ? { '': {} } : { [currency]: fixed }
  const plan = {
    ...(has_fixed && { fixed_price: fixedPrice }),
    base_price_percentage: base_price_percentage ?? 0,
  }
  if (!is_priced || hasPrice(plan, currency, sum ?? undefined)) return undefined
  return noPrice(content, currency)
}

/** The values of `selects.columns`. */
export const selectedValues = ({ selects }: Content, answer: Answer): ColumnValue[] =>
  Object.values(selects.columns).map((name) => answer[name] as ColumnValue)

/**
 * Selects another one of what a record holds.
 *
 * @returns the values of the columns that change, by name; or what is wrong; undefined: the holder is gone
 */
export async function selectAnother(
  db: Client | Pool,
  { table }: RecordType,
  content: Content,
  holder: Source,
  { currency, selected }: { readonly currency: string; readonly selected: string },
): Promise<
  { readonly columns: Readonly<Record<string, ColumnValue>> } | { readonly problem: Problem } | undefined
> {
  const { selects, holds } = content
  const named = { selector: { field: selects.id, by: 'id', text: selected.toLowerCase() }, currency } as const
  const [answer] = await askAll(db, content, { holds, table, columns: [] }, [{ named, source: holder }])
  if (!answer) return undefined
  const problem = selectionProblem(content, named, answer)
  if (problem) return { problem }
  const values = selectedValues(content, answer)
  const names = Object.keys(selects.columns)
  return {
    columns: {
      [selects.id]: answer.selected_id,
      ...Object.fromEntries(names.map((name, index) => [name, values[index] ?? null])),
    },
  }
}
