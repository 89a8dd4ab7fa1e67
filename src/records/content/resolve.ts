import sql, { join, raw } from 'sql-template-tag'
import { type Client, rows } from '../../db/pool.js'
import type { Problem } from '../../schema/problem.js'
import { excerpt } from '../../text/text.js'
import type { ColumnValue } from '../columns.js'
import type { Content } from '../record-type.js'
import type { Source } from '../write/references.js'
import { type GivenContent, type InlineContent, type NamedContent, noPrice, notOne } from './content.js'
import { SnapshotIds } from './snapshot-ids.js'
import { hasPrice } from './validate.js'

/** What a record will hold a copy of, and the values of its `contentColumns`. */
export interface ResolvedContent {
  readonly values: readonly ColumnValue[]
  readonly ids: SnapshotIds
  /** Where the copies come from; or the inline lists. */
  readonly from: Source | InlineContent
  /** How many snapshots there will be. */
  readonly size: number
}

/** Finds the records that are named, by the way and the text that name them. */
export type FindSources = (
  by: NamedContent['by'],
  texts: readonly string[],
) => Promise<ReadonlyMap<string, Source>>

/**
 * Resolves what records refer to and what they select of it. The records found must stay locked against changes.
 *
 * @param sources what the texts lead to, by the way in which they name it
 * @returns by place, what is resolved; or what is wrong, with the text that leads nowhere
 */
export async function resolveContents(
  client: Client,
  content: Content,
  given: readonly GivenContent[],
  milliseconds: number,
  sources: Readonly<Record<NamedContent['by'], ReadonlyMap<string, Source>>>,
): Promise<readonly (ResolvedContent | Unresolved)[]> {
  const questions = new Map<string, Question>()
  for (const one of given) {
    const source = 'by' in one ? sources[one.by].get(one.text) : undefined
    if ('by' in one && source) {
      const key = keyOf(one, source)
      if (!questions.has(key)) questions.set(key, { named: one, source })
    }
  }
  const answers = await askAll(client, content, [...questions])
  return given.map((one) => {
    if (!('by' in one)) return inlineContent(content, one, milliseconds)
    const source = sources[one.by].get(one.text)
    if (!source) return notFound(content, one)
    const answer = answers.get(keyOf(one, source))
    return answer ? namedContent(content, one, source, answer, milliseconds) : notFound(content, one)
  })
}

/** What is wrong with a reference, and its text if it leads nowhere. */
export interface Unresolved {
  readonly problem: Problem
  readonly missing?: string
}

const notFound = ({ to }: Content, { field, text }: NamedContent): Unresolved => ({
  problem: { field, error: `${to.noun} "${excerpt(text)}" was not found` },
  missing: text,
})

/** What records of a chunk ask in common: of an offering, a selector, and a currency. */
interface Question {
  readonly named: NamedContent
  readonly source: Source
}

const keyOf = ({ selector, currency }: NamedContent, { id }: Source): string =>
  `${id} ${currency} ${selector?.by ?? ''} ${selector?.text ?? ''}`

/** What the database knows of a selection. */
interface Answer extends Readonly<Record<string, unknown>> {
  readonly key: number
  /** How many elements the list has, how many of them are selected, and the first of these, from 1. */
  readonly elements: number
  readonly fitting: number
  readonly place: number
  /** How many snapshots the record will hold. */
  readonly size: number
  /** Whether anything has a price in any currency. */
  readonly is_priced: boolean
  readonly base_price_percentage: number | null
  readonly has_fixed: boolean
  readonly fixed: unknown
  /** What the products cost together in the currency; null: not all have a price in it. */
  readonly sum: string | null
}

/** How many questions a statement asks: each may have to read a thousand products. */
const SLICE = 200

async function askAll(
  client: Client,
  content: Content,
  questions: readonly (readonly [key: string, Question])[],
): Promise<ReadonlyMap<string, Answer>> {
  const answers = new Map<string, Answer>()
  for (let start = 0; start < questions.length; start += SLICE) {
    const slice = questions.slice(start, start + SLICE)
    const found = await ask(
      client,
      content,
      slice.map(([, question]) => question),
    )
    for (const answer of found) {
      const key = slice[answer.key - 1]?.[0]
      if (key !== undefined) answers.set(key, answer)
    }
  }
  return answers
}

async function ask(client: Client, content: Content, questions: readonly Question[]): Promise<Answer[]> {
  const { to, holds, selects } = content
  const list = to.holds.find(({ attribute }) => attribute === selects.attribute)
  const priced = to.holds.find(({ attribute }) => attribute === list?.pricedBy)
  if (!list || !priced) throw new Error(`${to.table} hold no list with prices`)
  const others = to.holds.filter(
    (one) => one !== list && one !== priced && holds.some((h) => h.attribute === one.attribute),
  )
  const column = (get: (question: Question) => string | null) => questions.map(get)
  const selector = (by: 'id' | 'external_ref') =>
    column(({ named }) => (named.selector?.by === by ? named.selector.text : null))
  return await rows<Answer>(
    client,
    sql`
      select q.key, l.elements, l.fitting, l.place, l.has_fixed or p.is_priced as is_priced, p.sum,
             l.elements + p.products ${join(
               others.map(
                 ({ table }) => sql`+ (
               select count(*) from ${raw(table)} where owner_id = q.owner_id and holder_id = q.source_id)`,
               ),
               ' ',
             )} as size,
             s.base_price_percentage, coalesce(s.fixed_price, '{}') <> '{}' as has_fixed, s.fixed_price -> q.currency as fixed,
             ${raw(
               Object.values(selects.columns)
                 .map((name) => `s.${name}`)
                 .join(', '),
             )},
             ${raw(to.columns.map(({ name }) => `o.${name} as source_${name}`).join(', '))}
      from unnest(${column(({ source }) => source.owner_id)}::uuid[], ${column(({ source }) => source.id)}::uuid[],
                  ${selector('id')}::uuid[], ${selector('external_ref')}::text[],
                  ${column(({ named }) => named.currency)}::text[])
             with ordinality as q(owner_id, source_id, selected_id, selected_ref, currency, key)
      join ${raw(to.table)} o on o.owner_id = q.owner_id and o.id = q.source_id
      cross join lateral (
        select count(*) as elements, count(*) filter (where fits) as fitting, min(place) filter (where fits) as place,
               coalesce(bool_or(has_fixed), false) as has_fixed
        from (
          select row_number() over (order by id) as place, coalesce(fixed_price, '{}') <> '{}' as has_fixed,
                 case when q.selected_id is not null then id = q.selected_id or source_id is not distinct from q.selected_id
                      when q.selected_ref is not null then external_ref is not distinct from q.selected_ref
                      else true end as fits
          from ${raw(list.table)} where owner_id = q.owner_id and holder_id = q.source_id
        ) as e
      ) as l
      cross join lateral (
        select count(*) as products, coalesce(bool_or(coalesce(price, '{}') <> '{}'), false) as is_priced,
               case when count(*) = count(price -> q.currency)
                 then coalesce(sum((price -> q.currency ->> 'amount')::numeric), 0)::text end as sum
        from ${raw(priced.table)} where owner_id = q.owner_id and holder_id = q.source_id
      ) as p
      left join lateral (
        select * from ${raw(list.table)} where owner_id = q.owner_id and holder_id = q.source_id
        order by id offset greatest(l.place - 1, 0) limit 1
      ) as s on l.fitting = 1`,
  )
}

function namedContent(
  content: Content,
  named: NamedContent,
  source: Source,
  answer: Answer,
  milliseconds: number,
): ResolvedContent | Unresolved {
  const problem = selectionProblem(content, named, answer)
  if (problem) return { problem }
  const { to, selects } = content
  const ids = new SnapshotIds(milliseconds)
  return {
    values: [
      source.id,
      ...to.columns.map(({ name }) => answer[`source_${name}`] as ColumnValue),
      ids.at(listOf(content), answer.place - 1),
      ...Object.values(selects.columns).map((name) => answer[name] as ColumnValue),
    ],
    ids,
    from: source,
    size: answer.size,
  }
}

/** The place of the list of which one is selected. */
const listOf = ({ holds, selects }: Content): number =>
  holds.findIndex(({ attribute }) => attribute === selects.attribute)

function selectionProblem(
  content: Content,
  { selector, currency }: NamedContent,
  { elements, fitting, is_priced, ...answer }: Answer,
): Problem | undefined {
  const { to, selects } = content
  if (elements === 0) return { field: selects.id, error: `the ${to.noun} has no ${selects.attribute}` }
  if (fitting !== 1) {
    if (selector) return { field: selector.field, error: notOne(content, selector.text, fitting) }
    const error = `one of the ${to.noun}'s ${elements} ${selects.attribute} must be selected, by ${selects.id} or ${selects.ref}`
    return { field: selects.id, error }
  }
  const { base_price_percentage, has_fixed, fixed, sum } = answer
  // A fixed price counts as soon as it has any currency.
  const fixedPrice = fixed === null ? { '': {} } : { [currency]: fixed }
  const plan = {
    ...(has_fixed && { fixed_price: fixedPrice }),
    base_price_percentage: base_price_percentage ?? 0,
  }
  if (!is_priced || hasPrice(plan, currency, sum ?? undefined)) return undefined
  return { field: content.currency, error: noPrice(content, currency) }
}

function inlineContent(content: Content, inline: InlineContent, milliseconds: number): ResolvedContent {
  const ids = new SnapshotIds(milliseconds)
  return {
    values: [ids.own, ...inline.values, ids.at(listOf(content), inline.selected), ...inline.selectedValues],
    ids,
    from: inline,
    size: inline.lists.reduce((sum, { length }) => sum + length, 0),
  }
}
