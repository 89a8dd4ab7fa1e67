import sql, { raw } from 'sql-template-tag'
import { type Client, type Pool, transaction } from '../db/pool.js'
import { addToTotal } from '../db/totals.js'
import { insertRecords } from '../records/insert.js'
import type { RecordType } from '../records/record-type.js'
import { type Element, insertSnapshots, resolveReferences } from '../records/references.js'
import { excerpt } from '../records/validate.js'
import type { Candidate, Chunk, LineProblem } from './chunks.js'
import { type Job, LEASE_SECONDS, LeaseLost } from './queue.js'
import { lineOfRecord, recordIds } from './record-id.js'

/**
 * Writes a chunk in one transaction: records, errors, counts and checkpoint. Either all of it is there afterwards, or
 * nothing is.
 *
 * @throws LeaseLost if somebody else has the job by now.
 */
export async function writeChunk(pool: Pool, job: Job, chunk: Chunk): Promise<void> {
  const milliseconds = Date.now()
  const createdAt = new Date(milliseconds).toISOString()
  await transaction(pool, async (client) => {
    await lockJob(client, job)
    const problems = [...chunk.problems]
    const imported = new Map<RecordType, number>()
    const idOf = recordIds(job.id, milliseconds)
    for (const [recordType, candidates] of chunk.candidates) {
      const added = await addRecords(client, job, recordType, createdAt, candidates, idOf, problems)
      imported.set(recordType, added)
    }
    await insertProblems(client, job, createdAt, problems)
    for (const [{ table }, count] of imported) await addToTotal(client, job.ownerId, table, count)
    await advance(client, job, chunk, imported, problems.length)
  })
}

/** The fence: holds the import's row, so that a worker that lost its lease finds out before it writes. */
async function lockJob(client: Client, { id, fence }: Job): Promise<void> {
  const { rowCount } = await client.query(
    sql`select from imports where id = ${id} and fence = ${fence} and status = 'started' for update`,
  )
  if (rowCount === 0) throw new LeaseLost(id)
}

/** Adds what can be added of one type, and appends to `problems` what cannot. Returns how many were added. */
async function addRecords(
  client: Client,
  job: Job,
  recordType: RecordType,
  createdAt: string,
  candidates: readonly Candidate[],
  idOf: (line: number) => string,
  problems: LineProblem[],
): Promise<number> {
  const elements = new Map<number, Map<string, Element[]>>()
  const referring = await withReferences(client, job, recordType, candidates, elements, problems)
  const { first, later } = splitByRef(referring)
  const taken = await insertRecords(
    client,
    recordType,
    job.ownerId,
    createdAt,
    first.map(({ line, attributes }) => ({ id: idOf(line), attributes })),
  )
  const added = first.filter(({ line, attributes }) => {
    const ref = refOf(attributes)
    const holder = ref === undefined ? undefined : taken.get(ref)
    if (ref !== undefined && holder !== undefined) problems.push(refTaken(job, recordType, line, ref, holder))
    return holder === undefined
  })
  for (const { line, ref, earlier } of later) {
    problems.push(refTaken(job, recordType, line, ref, taken.get(ref) ?? idOf(earlier)))
  }
  if (elements.size > 0) {
    const holders = added.flatMap(({ line }) => {
      const own = elements.get(line)
      return own ? [{ id: idOf(line), elements: own }] : []
    })
    await insertSnapshots(client, recordType, job.ownerId, createdAt, holders)
  }
  return added.length
}

/** Leaves out the candidates whose references do not resolve, and remembers the elements of the others by line. */
async function withReferences(
  client: Client,
  job: Job,
  recordType: RecordType,
  candidates: readonly Candidate[],
  elements: Map<number, Map<string, Element[]>>,
  problems: LineProblem[],
): Promise<readonly Candidate[]> {
  if (recordType.references.length === 0) return candidates
  const resolved = await resolveReferences(
    client,
    recordType,
    job.visibleOwnerIds,
    candidates.map(({ attributes }) => attributes),
  )
  return candidates.filter(({ line, attributes }, index) => {
    const one = resolved[index]
    if (!one) return false
    for (const problem of one.problems) problems.push({ ...problem, line, externalRef: refOf(attributes) })
    elements.set(line, one.elements)
    return one.problems.length === 0
  })
}

interface LaterCandidate extends Candidate {
  readonly ref: string
  /** The line of the chunk that has the same `external_ref` and comes first. */
  readonly earlier: number
}

/** The earlier line wins: only the first candidate of an `external_ref` is tried. */
function splitByRef(candidates: readonly Candidate[]): { first: Candidate[]; later: LaterCandidate[] } {
  const lines = new Map<string, number>()
  const first: Candidate[] = []
  const later: LaterCandidate[] = []
  for (const candidate of candidates) {
    const ref = refOf(candidate.attributes)
    const earlier = ref === undefined ? undefined : lines.get(ref)
    if (ref !== undefined && earlier !== undefined) later.push({ ...candidate, ref, earlier })
    else {
      if (ref !== undefined) lines.set(ref, candidate.line)
      first.push(candidate)
    }
  }
  return { first, later }
}

const refOf = (attributes: Candidate['attributes']): string | undefined =>
  attributes.external_ref as string | undefined

function refTaken(job: Job, { noun }: RecordType, line: number, ref: string, holderId: string): LineProblem {
  const holderLine = lineOfRecord(job.id, holderId)
  const holder = holderLine === undefined ? `${noun} ${holderId}` : `line ${holderLine}`
  return {
    line,
    field: 'external_ref',
    error: `external_ref "${excerpt(ref)}" is already used by ${holder}`,
    externalRef: ref,
  }
}

async function insertProblems(
  client: Client,
  { id, ownerId }: Job,
  createdAt: string,
  problems: readonly LineProblem[],
): Promise<void> {
  if (problems.length === 0) return
  const perLine = new Map<number, number>()
  const ordinals = problems.map(({ line }) => {
    const ordinal = perLine.get(line) ?? 0
    perLine.set(line, ordinal + 1)
    return ordinal
  })
  await client.query(sql`
    insert into import_errors (owner_id, import_id, line_number, ordinal, field, error, external_ref, created_at)
    select ${ownerId}::uuid, ${id}::uuid, e.line_number, e.ordinal, e.field, e.error, e.external_ref, ${createdAt}::timestamptz
    from unnest(${problems.map(({ line }) => line)}::bigint[], ${ordinals}::integer[],
                ${problems.map(({ field }) => field)}::text[], ${problems.map(({ error }) => error)}::text[],
                ${problems.map(({ externalRef }) => externalRef ?? null)}::text[])
           as e(line_number, ordinal, field, error, external_ref)`)
}

/** Counts, checkpoint and lease. What came forward has no failed attempts behind it. */
async function advance(
  client: Client,
  { id }: Job,
  { checkpoint }: Chunk,
  imported: ReadonlyMap<RecordType, number>,
  errors: number,
): Promise<void> {
  const counts = [...imported].map(
    ([{ table }, count]) => `imported_${table} = imported_${table} + ${count},`,
  )
  await client.query(sql`
    update imports
    set ${raw(counts.join(' '))}
        errors = errors + ${errors},
        checkpoint_pass = ${checkpoint.pass}, checkpoint_bytes = ${checkpoint.bytes}, checkpoint_lines = ${checkpoint.lines},
        attempts = 0,
        updated_at = clock_timestamp(),
        lease_expires_at = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
    where id = ${id}`)
}
