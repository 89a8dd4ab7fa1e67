import type { CopyLoan } from '../../db/copy/buffers.js'
import { type CopyColumn, CopyRows } from '../../db/copy/copy.js'
import type { Client } from '../../db/pool.js'
import { given } from '../../schema/given.js'
import { excerpt } from '../../text/text.js'
import type { LinePlace, LineProblem } from '../file/examine.js'
import type { Job } from '../queue/claim.js'
import { ImportErrorKinds } from './kinds.js'

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
  { name: 'type', type: 'text' },
  { name: 'code', type: 'text' },
  { name: 'value', type: 'text' },
  { name: 'kind', type: 'uuid' },
  { name: 'used_by', type: 'uuid' },
]

/**
 * How much is encoded and sent at a time: each of a line's thousand problems may carry its `external_ref` of
 * 8 kB.
 */
const SLICE_BYTES = 2 ** 20

/** Adds problems to the report. Returns their kinds, to be counted. */
export async function insertProblems({
  client,
  job,
  milliseconds,
  problems,
  loan,
}: Reporting): Promise<ImportErrorKinds> {
  const kinds = new ImportErrorKinds(job.id)
  if (problems.length === 0) return kinds
  const rows = new CopyRows(COLUMNS, [job.ownerId, job.id, milliseconds], loan)
  const write = async () => {
    await rows.copyTo(client, 'import_errors')
    rows.clear()
  }
  const perLine = new Map<number, number>()
  for (const problem of problems) {
    const { line, type = null, code, field, error, value = null, externalRef = null, usedBy = null } = problem
    const ordinal = perLine.get(line.number) ?? 0
    perLine.set(line.number, ordinal + 1)
    const kind = kinds.add(problem)
    const said = [field, error, externalRef, line.start, type, code, value, kind, usedBy] as const
    rows.add([line.number, ordinal, ...said])
    if (rows.bytes < SLICE_BYTES) continue
    await write()
  }
  await write()
  return kinds
}

/** A record whose `external_ref` is taken. */
interface Taken {
  readonly line: LinePlace
  readonly type: string
  readonly externalRef: string
}

/** The problem of such a record. @param holder by whom: `line 12` */
export const refTaken = (taken: Taken, holder: string): LineProblem => ({
  ...taken,
  code: 'taken',
  field: 'external_ref',
  error: `external_ref "${excerpt(taken.externalRef)}" is already used by ${holder}`,
  value: given(taken.externalRef),
})
