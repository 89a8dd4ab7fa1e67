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

function originalsOf(
  pool: Pool,
  { recordType, content, ownerIds, ids }: Naming,
): Promise<readonly Original[]> {
  const { to, selects, currency, holds } = content
  const list = (lists: RecordType['holds']) =>
    raw(lists.find(({ attribute }) => attribute === selects.attribute)?.table ?? '')
  return rows<Original>(
    pool,
    sql`
      select r.id, o.owner_id, o.id as original_id, r.${raw(currency)} as currency,
             e.id as element_id, e.external_ref as element_ref
      from ${raw(recordType.table)} r
      join ${raw(to.table)} o on o.owner_id = any(${ownerIds}::uuid[]) and o.id = r.${raw(holderIdName(to))}
      join ${list(holds)} s on s.owner_id = r.owner_id and s.holder_id = r.id and s.id = r.${raw(selects.id)}
      join ${list(to.holds)} e on e.owner_id = o.owner_id and e.holder_id = o.id and coalesce(e.source_id, e.id) = s.source_id
      where r.owner_id = ${ownerIds[0]} and r.id = any(${ids}::uuid[])`,
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
