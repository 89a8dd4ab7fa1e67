import type { ColumnValue } from '../../../records/columns.js'
import { askAll, selectedValues, selectionProblem } from '../../../records/content/selection.js'
import type { RecordType } from '../../../records/record-type.js'
import { isReferring } from '../../../records/write/referring.js'
import type { Resolved } from '../../../records/write/resolve.js'
import type { Problem } from '../../../schema/problem.js'
import type { LineProblem } from '../../file/examine.js'
import { resolveSome, type Writing } from '../add.js'
import type { Mergeable, Merged } from './merge.js'

/**
 * Looks up what merged records refer to, and what they select of a content that they keep.
 *
 * @param problems told what is wrong, with all of them that are left out
 */
export async function resolveMerged(
  writing: Writing,
  recordType: RecordType,
  merged: readonly Mergeable[],
  problems: LineProblem[],
): Promise<readonly Merged[]> {
  const resolved = await resolveReferring(writing, recordType, merged)
  const reselected = await reselect(writing, recordType, merged)
  return merged.flatMap((one): Merged[] => {
    const { patch } = one
    const held = resolved.get(one)
    const selection = reselected.get(one)
    const found: readonly Problem[] = [
      ...one.problems,
      ...(selection && 'problem' in selection ? [selection.problem] : []),
      ...(held?.problems ?? one.referring.future),
    ]
    for (const problem of found) {
      problems.push({ ...problem, line: patch.line, type: recordType.type, externalRef: patch.externalRef })
    }
    if (found.length > 0) return []
    const content = held?.content
    if (content) return [{ ...one, held, contentValues: (ids) => content.values(ids) }]
    if (selection && 'columns' in selection) return [withColumns(recordType, one, selection.columns)]
    return [{ ...one, ...(held && { held }) }]
  })
}

async function resolveReferring(
  writing: Writing,
  recordType: RecordType,
  merged: readonly Mergeable[],
): Promise<ReadonlyMap<Mergeable, Resolved>> {
  if (!isReferring(recordType)) return new Map()
  const asked = merged.filter(
    ({ problems, referring }) => problems.length === 0 && (!recordType.content || referring.content),
  )
  const resolved = await resolveSome(
    writing,
    recordType,
    asked.map(({ referring }) => referring),
  )
  return new Map(asked.flatMap((one, place) => (resolved[place] ? [[one, resolved[place]]] : [])))
}

type Columns = Readonly<Record<string, ColumnValue>>
type Selection = { readonly columns: Columns } | { readonly problem: Problem }

/** Selects other ones of what existing records hold. */
async function reselect(
  { client, job }: Writing,
  { content, holds, table }: RecordType,
  merged: readonly Mergeable[],
): Promise<ReadonlyMap<Mergeable, Selection>> {
  const asked = merged.filter(({ reselection }) => reselection !== undefined)
  if (!content || asked.length === 0) return new Map()
  const questions = asked.flatMap(({ reselection: named, row }) =>
    named && row ? [{ named, source: { id: row.id, owner_id: job.rowsOwnerId } }] : [],
  )
  const answers = await askAll(client, content, { holds, table, columns: [] }, questions)
  return new Map(
    answers.flatMap((answer): [Mergeable, Selection][] => {
      const one = asked[answer.key - 1]
      const question = questions[answer.key - 1]
      if (!one || !question) return []
      const problem = selectionProblem(content, question.named, answer)
      if (problem) return [[one, { problem }]]
      const values = selectedValues(content, answer)
      const names = Object.keys(content.selects.columns)
      const columns: Columns = {
        [content.selects.id]: answer.selected_id,
        ...Object.fromEntries(names.map((name, place) => [name, values[place] ?? null])),
      }
      return [[one, { columns }]]
    }),
  )
}

const withColumns = ({ contentColumns }: RecordType, one: Mergeable, columns: Columns): Merged => ({
  ...one,
  contentValues: () =>
    contentColumns.map(({ name }) =>
      name in columns ? (columns[name] ?? null) : ((one.row?.[name] ?? null) as ColumnValue),
    ),
})
