import sql, { empty, join, raw } from 'sql-template-tag'
import { type CopyColumn, CopyRows } from '../db/copy.js'
import { isUniqueViolation } from '../db/errors.js'
import { type Client, type Pool, transaction } from '../db/pool.js'
import { addToTotals } from '../db/totals.js'
import type { NewRecords } from '../records/insert.js'
import { type Element, insertSnapshots, resolveReferences } from '../records/references.js'
import { excerpt } from '../records/validate.js'
import type { Candidates, Chunk, LineProblem } from './chunks.js'
import { type Job, LEASE_SECONDS, LeaseLost } from './queue.js'
import { lineOfRecord } from './record-id.js'

/** So many chunks of a job are on their way into the database, each over a connection of its own. */
export const CHUNKS_AT_ONCE = 3

/** After a record that was in the way, so many chunks without one are written the careful way, before COPY is tried again. */
const CAREFUL_CHUNKS = 4

interface ChunkUnderWay {
  readonly chunk: Chunk
  readonly written: Promise<void>
}

/**
 * Writes the chunks of a job, several at the same time. Each is one transaction: records, errors, counts and checkpoint.
 * They are committed in the order of the file, so that everything before the checkpoint is there, and nothing after it.
 */
export class ChunkWriter {
  readonly #pool: Pool
  readonly #job: Job
  readonly #underWay: ChunkUnderWay[] = []
  #careful = 0

  constructor(pool: Pool, job: Job) {
    this.#pool = pool
    this.#job = job
  }

  /**
   * Begins to write a chunk, as soon as there is room for it.
   *
   * @throws what the writing of an earlier one threw; LeaseLost if somebody else has the job by now.
   */
  async begin(chunk: Chunk): Promise<void> {
    while (this.#mustWait(chunk)) await this.#underWay[0]?.written
    const turn = this.#underWay.at(-1)?.written ?? Promise.resolve()
    const written = this.#write(chunk, turn).then(() => {
      this.#underWay.shift()
    })
    // Awaited by `begin` or `end`; until then a failure is not unhandled.
    written.catch(() => {})
    this.#underWay.push({ chunk, written })
  }

  /** Waits until every chunk is committed. @throws as `begin` */
  async end(): Promise<void> {
    const outcomes = await Promise.allSettled(this.#underWay.map(({ written }) => written))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  /** Which of two lines has an `external_ref` is decided by their order alone: those that share one wait for each other. */
  #mustWait(chunk: Chunk): boolean {
    return (
      this.#underWay.length === CHUNKS_AT_ONCE ||
      this.#underWay.some(
        (earlier) =>
          earlier.chunk.checkpoint.pass !== chunk.checkpoint.pass || shareARef(earlier.chunk, chunk),
      )
    )
  }

  async #write(chunk: Chunk, turn: Promise<void>): Promise<void> {
    if (this.#careful === 0) {
      try {
        await writeChunk(this.#pool, this.#job, chunk, turn, 'copy')
        return
      } catch (error) {
        if (!isUniqueViolation(error)) throw error
        this.#careful = CAREFUL_CHUNKS
      }
    }
    const { conflicts } = await writeChunk(this.#pool, this.#job, chunk, turn, 'insert')
    this.#careful = conflicts ? CAREFUL_CHUNKS : this.#careful - 1
  }
}

function shareARef(one: Chunk, other: Chunk): boolean {
  for (const [recordType, { refs }] of other.candidates) {
    const others = one.candidates.get(recordType)?.refs
    if (others) for (const ref of refs) if (others.has(ref)) return true
  }
  return false
}

interface Outcome {
  /** Whether an `external_ref` was taken. */
  readonly conflicts: boolean
}

/**
 * Writes a chunk in one transaction, which is committed when its turn has come: either all of it is there afterwards, or
 * nothing is.
 *
 * @param way `copy` is the faster one, and fails where an `external_ref` is taken.
 * @throws LeaseLost; DatabaseError, of a unique violation with `copy`; what `turn` is rejected with
 */
async function writeChunk(
  pool: Pool,
  job: Job,
  chunk: Chunk,
  turn: Promise<void>,
  way: 'copy' | 'insert',
): Promise<Outcome> {
  const outcome = await transaction(pool, async (client) => {
    const writing = { client, job, way, milliseconds: chunk.milliseconds }
    const problems = [...chunk.problems]
    const added = new Map<string, number>()
    let conflicts = false
    for (const [{ table }, candidates] of chunk.candidates) {
      const outcome = await addRecords(writing, candidates, problems)
      added.set(table, outcome.added)
      conflicts ||= outcome.conflicts
    }
    await copyProblems(writing, problems)
    await turn
    await addToTotals(client, job.ownerId, added)
    await advance(client, job, chunk, added, problems.length)
    return { conflicts }
  })
  for (const { records } of chunk.candidates.values()) records.recycle()
  return outcome
}

/** One attempt to write one chunk. */
interface Writing {
  readonly client: Client
  readonly job: Job
  readonly way: 'copy' | 'insert'
  /** Since 1970: `created_at` of all that is written. */
  readonly milliseconds: number
}

/** Adds what can be added of one type, and appends to `problems` what cannot. */
async function addRecords(
  writing: Writing,
  candidates: Candidates,
  problems: LineProblem[],
): Promise<Outcome & { readonly added: number }> {
  const { client, job, way, milliseconds } = writing
  const { records, lines } = candidates
  const { recordType } = records
  const rejected = new Set<number>()
  const elements = await resolve(writing, candidates, rejected, problems)
  const repeated = candidates.mayRepeat ? repeatedRefs(records, rejected) : NONE_REPEATED
  for (const place of repeated.keys()) rejected.add(place)
  const taken = way === 'insert' ? await records.insert(client, rejected) : NONE_TAKEN
  if (way === 'copy') await records.copy(client, rejected)
  for (const [place, holderId] of taken) {
    rejected.add(place)
    problems.push(refTaken(job, candidates, place, holderId))
  }
  for (const [place, earlier] of repeated) {
    problems.push(refTaken(job, candidates, place, taken.get(earlier) ?? records.id(earlier)))
  }
  if (elements.length > 0) {
    const holders = elements.flatMap((own, place) =>
      rejected.has(place) ? [] : [{ id: records.id(place), elements: own }],
    )
    await insertSnapshots(client, recordType, job.ownerId, milliseconds, holders)
  }
  return { added: lines.length - rejected.size, conflicts: taken.size > 0 }
}

const NONE_TAKEN: ReadonlyMap<number, string> = new Map()
const NONE_REPEATED: ReadonlyMap<number, number> = new Map()

/** By place, the elements that become each record's snapshots. Those with references that lead nowhere are rejected. */
async function resolve(
  { client, job }: Writing,
  { records, lines, referring }: Candidates,
  rejected: Set<number>,
  problems: LineProblem[],
): Promise<readonly ReadonlyMap<string, Element[]>[]> {
  if (records.recordType.references.length === 0) return []
  const resolved = await resolveReferences(client, records.recordType, job.visibleOwnerIds, referring)
  for (const [place, one] of resolved.entries()) {
    const at = { line: lines[place] ?? 0, externalRef: records.externalRef(place) }
    for (const problem of one.problems) problems.push({ ...problem, ...at })
    if (one.problems.length > 0) rejected.add(place)
  }
  return resolved.map(({ elements }) => elements)
}

/** The earlier line wins: by the place of each that comes later, the place of the one whose `external_ref` it repeats. */
function repeatedRefs(records: NewRecords, rejected: ReadonlySet<number>): Map<number, number> {
  const first = new Map<string, number>()
  const repeated = new Map<number, number>()
  for (let place = 0; place < records.length; place += 1) {
    const ref = records.externalRef(place)
    if (ref === undefined || rejected.has(place)) continue
    const earlier = first.get(ref)
    if (earlier === undefined) first.set(ref, place)
    else repeated.set(place, earlier)
  }
  return repeated
}

function refTaken(job: Job, { records, lines }: Candidates, place: number, holderId: string): LineProblem {
  const ref = records.externalRef(place) ?? ''
  const holderLine = lineOfRecord(job.id, holderId)
  const holder = holderLine === undefined ? `${records.recordType.noun} ${holderId}` : `line ${holderLine}`
  return {
    line: lines[place] ?? 0,
    field: 'external_ref',
    error: `external_ref "${excerpt(ref)}" is already used by ${holder}`,
    externalRef: ref,
  }
}

const PROBLEM_COLUMNS: readonly CopyColumn[] = [
  { name: 'owner_id', type: 'uuid' },
  { name: 'import_id', type: 'uuid' },
  { name: 'created_at', type: 'timestamptz' },
  { name: 'line_number', type: 'bigint' },
  { name: 'ordinal', type: 'integer' },
  { name: 'field', type: 'text' },
  { name: 'error', type: 'text' },
  { name: 'external_ref', type: 'text' },
]

async function copyProblems(
  { client, job: { id, ownerId }, milliseconds }: Writing,
  problems: readonly LineProblem[],
): Promise<void> {
  if (problems.length === 0) return
  const rows = new CopyRows(PROBLEM_COLUMNS, [ownerId, id, milliseconds])
  const perLine = new Map<number, number>()
  for (const { line, field, error, externalRef } of problems) {
    const ordinal = perLine.get(line) ?? 0
    perLine.set(line, ordinal + 1)
    rows.add([line, ordinal, field, error, externalRef ?? null])
  }
  await rows.copyTo(client, 'import_errors')
  rows.recycle()
}

/**
 * Counts, checkpoint and lease. What came forward has no failed attempts behind it. The fence is here: a worker that lost
 * its lease finds it out before it commits.
 *
 * @throws LeaseLost
 */
async function advance(
  client: Client,
  { id, fence }: Job,
  { checkpoint }: Chunk,
  added: ReadonlyMap<string, number>,
  errors: number,
): Promise<void> {
  const counts = [...added].map(
    ([table, count]) => sql`${raw(`imported_${table}`)} = ${raw(`imported_${table}`)} + ${count},`,
  )
  const { rowCount } = await client.query(sql`
    update imports
    set ${counts.length > 0 ? join(counts, ' ') : empty}
        errors = errors + ${errors},
        checkpoint_pass = ${checkpoint.pass}, checkpoint_bytes = ${checkpoint.bytes}, checkpoint_lines = ${checkpoint.lines},
        attempts = 0,
        updated_at = clock_timestamp(),
        lease_expires_at = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
    where id = ${id} and fence = ${fence} and status = 'started'`)
  if (rowCount === 0) throw new LeaseLost(id)
}
