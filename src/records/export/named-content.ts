import sql, { raw } from 'sql-template-tag'
import { type Pool, rows } from '../../db/pool.js'
import { waysOf } from '../content/content.js'
import { askAll, type Question, selectionProblem } from '../content/selection.js'
import { type Content, holderIdName, type RecordType } from '../record-type.js'
import { refsLeadingBack } from './leading-back.js'

/** Records of one owner that hold copies of a content, and whose records they may name. */
export interface Naming {
  readonly recordType: RecordType
  readonly content: Content
  /** The owner first. */
  readonly ownerIds: readonly string[]
  readonly ids: readonly string[]
}

/** A record, what it was copied from as it is now, and the selected one of its elements. */
interface Original {
  readonly id: string
  readonly owner_id: string
  readonly original_id: string
  readonly currency: string
  readonly element_id: string
  readonly element_ref: string | null
}

/**
 * The attributes by which records can name what they hold copies of: `offering_external_ref` and
 * `selected_plan`, by the record's id. Left out are those for which an import would find something else, or
 * refuse it.
 */
export async function namedContents(
  pool: Pool,
  naming: Naming,
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const { content, ownerIds } = naming
  const { to, selects } = content
  const { ref } = waysOf(content)
  const originals = await originalsOf(pool, naming)
  const refs = await refsLeadingBack(
    pool,
    to,
    ownerIds,
    new Set(originals.map(({ original_id }) => original_id)),
  )
  const nameable = originals.filter(({ original_id }) => refs.has(original_id))
  const selected = await selectedBy(pool, content, nameable)
  const names = new Map<string, Readonly<Record<string, string>>>()
  for (const original of nameable) {
    if (selected.get(keyOf(original)) !== original.element_id) continue
    names.set(original.id, {
      [ref]: refs.get(original.original_id) ?? '',
      ...(original.element_ref !== null && { [selects.ref]: original.element_ref }),
    })
  }
  return names
}

/** In two steps, since what a record names may be another owner's, and a distributed PostgreSQL has that elsewhere. */
async function originalsOf(pool: Pool, naming: Naming): Promise<readonly Original[]> {
  const { content, ownerIds } = naming
  const copies = await copiesOf(pool, naming)
  const elements = await Promise.all(ownerIds.map((ownerId) => elementsOf(pool, content, ownerId, copies)))
  const byCopy = new Map(elements.flat().map((element) => [placeOf(element), element]))
  return copies.flatMap((copy) => {
    const element = byCopy.get(placeOf(copy))
    return element ? [{ ...copy, ...element }] : []
  })
}

/** What a record is a copy of, and of which of its elements the selected one is. */
interface Copied {
  readonly original_id: string
  readonly source_id: string
}

const placeOf = ({ original_id, source_id }: Copied): string => `${original_id} ${source_id}`

const listOf = ({ selects }: Content, holds: RecordType['holds']) =>
  raw(holds.find(({ attribute }) => attribute === selects.attribute)?.table ?? '')

const copiesOf = (
  pool: Pool,
  { recordType, content, ownerIds: [ownerId], ids }: Naming,
): Promise<(Copied & Pick<Original, 'id' | 'currency'>)[]> =>
  rows(
    pool,
    sql`
      select r.id, r.${raw(content.currency)} as currency, r.${raw(holderIdName(content.to))} as original_id, s.source_id
      from ${raw(recordType.table)} r
      join ${listOf(content, content.holds)} s
        on s.owner_id = ${ownerId} and s.holder_id = r.id and s.id = r.${raw(content.selects.id)}
      where r.owner_id = ${ownerId} and r.id = any(${ids}::uuid[]) and s.source_id is not null`,
  )

const elementsOf = (
  pool: Pool,
  content: Content,
  ownerId: string,
  copies: readonly Copied[],
): Promise<(Copied & Pick<Original, 'owner_id' | 'element_id' | 'element_ref'>)[]> => {
  const copied = [...new Map(copies.map((copy) => [placeOf(copy), copy])).values()]
  const { to } = content
  return rows(
    pool,
    sql`
      select o.owner_id, c.original_id, c.source_id, e.id as element_id, e.external_ref as element_ref
      from unnest(${copied.map(({ original_id }) => original_id)}::uuid[], ${copied.map(({ source_id }) => source_id)}::uuid[])
             as c(original_id, source_id)
      cross join lateral (
        select owner_id, id from ${raw(to.table)} where owner_id = ${ownerId} and id = c.original_id offset 0
      ) as o
      cross join lateral (
        select * from ${listOf(content, to.holds)}
        where owner_id = ${ownerId} and holder_id = c.original_id and coalesce(source_id, id) = c.source_id offset 0
      ) as e`,
  )
}

const keyOf = ({ original_id, currency, element_ref }: Original): string =>
  `${original_id} ${currency} ${element_ref ?? ''}`

/** What an import would select, by what it asks. Many records ask the same. */
async function selectedBy(
  pool: Pool,
  content: Content,
  originals: readonly Original[],
): Promise<ReadonlyMap<string, string>> {
  const questions = new Map(originals.map((original) => [keyOf(original), questionOf(content, original)]))
  const { holds, table } = content.to
  const asked = [...questions]
  const answers = await askAll(pool, content, { holds, table, columns: [] }, [...questions.values()])
  return new Map(
    answers.flatMap((answer) => {
      const [key, question] = asked[answer.key - 1] ?? []
      if (key === undefined || !question || selectionProblem(content, question.named, answer)) return []
      return [[key, answer.selected_id]]
    }),
  )
}

const questionOf = (
  { selects }: Content,
  { owner_id, original_id, currency, element_ref }: Original,
): Question => ({
  named: {
    currency,
    selector:
      element_ref === null ? undefined : { field: selects.ref, by: 'external_ref', text: element_ref },
  },
  source: { owner_id, id: original_id },
})
