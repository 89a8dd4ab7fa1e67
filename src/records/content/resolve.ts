import type { Client } from '../../db/pool.js'
import { given } from '../../schema/given.js'
import type { Problem } from '../../schema/problem.js'
import { excerpt } from '../../text/text.js'
import type { ColumnValue } from '../columns.js'
import type { Content } from '../record-type.js'
import type { Source } from '../snapshot.js'
import type { GivenContent, InlineContent, NamedContent } from './content.js'
import { type Answer, askAll, type Question, selectedValues, selectionProblem } from './selection.js'
import type { SnapshotIds } from './snapshot-ids.js'

/** What copies come from, and its version when it was resolved: copies must be made of the same one. */
export interface VersionedSource extends Source {
  readonly version: string
}

/** What records that ask the same will hold copies of. */
export interface ResolvedContent {
  /** The values of the `contentColumns` of one of them. */
  values(ids: SnapshotIds): ColumnValue[]
  /** Where the copies come from; or the inline lists. */
  readonly from: VersionedSource | InlineContent
  /** How many snapshots each will have. */
  readonly size: number
}

/** What is wrong with a reference, and its text if it leads nowhere. */
export interface Unresolved {
  readonly problem: Problem
  readonly missing?: string
}

/** What texts lead to, by the way in which they name it. */
export type SourcesBy = Readonly<Record<NamedContent['by'], ReadonlyMap<string, Source>>>

/**
 * Resolves what records refer to and what they select of it. Whoever copies afterwards sees to it that the
 * sources have not changed.
 *
 * @returns by place
 */
export async function resolveContents(
  client: Client,
  content: Content,
  given: readonly GivenContent[],
  sources: SourcesBy,
): Promise<readonly (ResolvedContent | Unresolved)[]> {
  const answers = await answersTo(client, content, given, sources)
  return given.map((one) => {
    if (!('by' in one)) return inlineContent(content, one)
    const source = sources[one.by].get(one.text)
    const answer = source && answers.get(keyOf(one, source))
    return answer ?? { problem: notFound(content, one), missing: one.text }
  })
}

const keyOf = ({ selector, currency }: NamedContent, { id }: Source): string =>
  `${id} ${currency} ${selector?.by ?? ''} ${selector?.text ?? ''}`

/** Many records ask the same. */
async function answersTo(
  client: Client,
  content: Content,
  given: readonly GivenContent[],
  sources: SourcesBy,
): Promise<ReadonlyMap<string, ResolvedContent | Unresolved>> {
  const questions = new Map<string, Question>()
  for (const named of given) {
    const source = 'by' in named ? sources[named.by].get(named.text) : undefined
    if (!source || !('by' in named)) continue
    const key = keyOf(named, source)
    if (!questions.has(key)) questions.set(key, { named, source })
  }
  const { holds, table, columns } = content.to
  const answers = await askAll(client, content, { holds, table, columns }, [...questions.values()])
  const asked = [...questions]
  return new Map(
    answers.flatMap((answer) => {
      const [key, question] = asked[answer.key - 1] ?? []
      return key !== undefined && question ? [[key, selectedBy(content, question, answer)] as const] : []
    }),
  )
}

function selectedBy(
  content: Content,
  { named, source }: Question,
  answer: Answer,
): ResolvedContent | Unresolved {
  const problem = selectionProblem(content, named, answer)
  if (problem) return { problem }
  const before = [source.id, ...content.to.columns.map(({ name }) => answer[`source_${name}`] as ColumnValue)]
  const after = selectedValues(content, answer)
  const list = selectingList(content)
  return {
    values: (ids) => [...before, ids.at(list, answer.place - 1), ...after],
    from: { ...source, version: answer.version },
    size: answer.elements + answer.products,
  }
}

/** What is wrong with a name that leads nowhere. */
export const notFound = ({ to }: Content, { field, text }: NamedContent): Problem => ({
  code: 'not_found',
  field,
  error: `${to.noun} "${excerpt(text)}" was not found`,
  value: given(text),
})

function inlineContent(content: Content, inline: InlineContent): ResolvedContent {
  const { values, selected, selectedValues: ofSelected, lists } = inline
  const list = selectingList(content)
  return {
    values: (ids) => [ids.own, ...values, ids.at(list, selected), ...ofSelected],
    from: inline,
    size: lists.reduce((sum, { length }) => sum + length, 0),
  }
}

/** The place of the list of which one is selected. */
const selectingList = ({ holds, selects }: Content): number =>
  holds.findIndex(({ attribute }) => attribute === selects.attribute)
