import sql from 'sql-template-tag'
import { withoutCopy } from '../../db/copy/by-insert.js'
import { isRefusedCopy } from '../../db/errors.js'
import { type Client, type Pool, rows, settled, transaction } from '../../db/pool.js'
import { addToTotals } from '../../db/totals.js'
import { ContentChanged } from '../../records/content/insert.js'
import type { Written } from '../events.js'
import type { FanOut } from '../fan-out.js'
import type { LineProblem } from '../file/examine.js'
import { type Job, LeaseLost } from '../queue/claim.js'
import { LEASE_SECONDS } from '../queue/heads.js'
import { countKinds } from '../report/kinds.js'
import { insertProblems } from '../report/problems.js'
import { countWarnings } from '../warnings/stored.js'
import { addChunk, type ChunkAttempt, type Obstacles, type Outcomes } from './add-chunk.js'
import type { Chunk } from './chunks.js'
import { isOverLimit, TooManyErrors } from './limit.js'
import { limitLocks } from './locks.js'
import type { ChunkMemory } from './memory.js'
import { untilTurn } from './turn.js'

/** How many chunks of a job are being written at once, each over its own connection. */
export const CHUNKS_AT_ONCE = 3

/** The attempt at a chunk that locks what it copies. */
const LOCKED_ATTEMPT = 4

/** After an obstacle, this many chunks without one are written the slow way before the fast one is tried again. */
const SLOW_CHUNKS = 4

interface ChunkUnderWay {
  readonly chunk: Chunk
  readonly written: Promise<void>
}

/**
 * Writes the chunks of a job, several at the same time. Each is one transaction: records, errors, counts and
 * checkpoint. They are committed in the order of the file, so that everything before the checkpoint is in the
 * database, and nothing after it.
 */
export class ChunkWriter {
  readonly #pool: Pool
  readonly #memory: ChunkMemory
  readonly #job: Job
  readonly #fanOut: FanOut
  readonly #measured: (write: () => Promise<Written>) => Promise<void>
  readonly #underWay: ChunkUnderWay[] = []
  #careful = 0
  #lookUpFirst = 0
  #rejected: number

  /**
   * @param memory shared by all jobs.
   * @param measured runs the writing of a chunk and measures its duration.
   */
  constructor(
    pool: Pool,
    memory: ChunkMemory,
    job: Job,
    fanOut: FanOut,
    measured: (write: () => Promise<Written>) => Promise<void>,
  ) {
    this.#pool = pool
    this.#memory = memory
    this.#job = job
    this.#fanOut = fanOut
    this.#measured = measured
    this.#rejected = job.rejected
  }

  /**
   * Starts to write a chunk, as soon as there is room for it.
   *
   * @throws what the writing of an earlier one threw; LeaseLost if somebody else has the job; TooManyErrors
   * once a chunk is committed that exceeds the limit: the chunks after it are not.
   */
  async begin(chunk: Chunk): Promise<void> {
    while (this.#mustWait(chunk)) await this.#underWay[0]?.written
    const giveBack = await this.#memory.take(chunk.memory)
    const turn = this.#underWay.at(-1)?.written ?? Promise.resolve()
    const written = this.#measured(() => this.#write(chunk, turn))
      .then(() => {
        this.#checkLimit()
        this.#underWay.shift()
      })
      .finally(giveBack)
    // Awaited by `begin` or `end`; until then a failure must not count as unhandled.
    written.catch(() => {})
    this.#underWay.push({ chunk, written })
  }

  /** Chunks are committed in order, so the same one is always the last. @throws TooManyErrors */
  #checkLimit(): void {
    if (isOverLimit(this.#job, this.#rejected)) throw new TooManyErrors(this.#rejected)
  }

  /** Waits until every chunk is committed. @throws as `begin` */
  async end(): Promise<void> {
    await settled(this.#underWay.map(({ written }) => written))
  }

  /**
   * Which of two lines gets an `external_ref` depends only on their order, so chunks that share one wait for
   * each other.
   */
  #mustWait(chunk: Chunk): boolean {
    return (
      this.#underWay.length === CHUNKS_AT_ONCE ||
      this.#underWay.some(
        (earlier) =>
          earlier.chunk.checkpoint.pass !== chunk.checkpoint.pass || shareARef(earlier.chunk, chunk),
      )
    )
  }

  async #write(chunk: Chunk, turn: Promise<void>): Promise<Written> {
    let byInsert = false
    for (let count = 1; ; ) {
      // Those who change what is copied wait for nothing, until they have been in the way too often.
      const lock = count < LOCKED_ATTEMPT ? 'none' : 'share'
      try {
        const attempted = {
          job: this.#job,
          chunk,
          fanOut: this.#fanOut,
          turn,
          careful: this.#careful > 0,
          lookUpFirst: this.#lookUpFirst > 0,
          lock,
          byInsert,
        } as const
        const { conflicts, missing, written, rejected } = await writeChunk(this.#pool, attempted)
        this.#rejected = rejected
        this.#careful = conflicts ? SLOW_CHUNKS : Math.max(0, this.#careful - 1)
        this.#lookUpFirst = missing ? SLOW_CHUNKS : Math.max(0, this.#lookUpFirst - 1)
        return written
      } catch (error) {
        if (isRefusedCopy(error) && !byInsert) byInsert = true
        else if (error instanceof ContentChanged && count < LOCKED_ATTEMPT) count += 1
        else throw error
      }
    }
  }
}

function shareARef(one: Chunk, other: Chunk): boolean {
  for (const [recordType, { refs }] of other.candidates) {
    const others = one.candidates.get(recordType)?.refs
    if (others) for (const ref of refs) if (others.has(ref)) return true
  }
  return false
}

/** One attempt to write a chunk of a job. */
interface Attempt extends ChunkAttempt {
  /** Resolves when the chunk before this one is committed. */
  readonly turn: Promise<void>
  /** Whether nothing is copied: a COPY was refused, and why is told to an INSERT only. */
  readonly byInsert: boolean
}

/**
 * Writes a chunk in one transaction, which is committed when its turn has come: afterwards either all of it
 * is in the database or none.
 *
 * @returns what was in the way, what the chunk added to the counts, and how many lines of the import are rejected by
 * now.
 * @throws LeaseLost; ContentChanged; what the attempt's turn is rejected with
 */
async function writeChunk(
  pool: Pool,
  attempt: Attempt,
): Promise<Obstacles & { readonly written: Written; readonly rejected: number }> {
  const { job, chunk, turn } = attempt
  const write = async (client: Client) => {
    const [, { outcomes, problems, conflicts, missing }] = await settled([
      limitLocks(client),
      addChunk(client, attempt),
    ])
    const reporting = { client, job, milliseconds: chunk.milliseconds, problems, loan: chunk.loan }
    const kinds = await insertProblems(reporting)
    await untilTurn(client, turn)
    // The following rows stay locked until the end of the transaction, so an earlier chunk must lock them
    // first.
    const inserted = new Map([...outcomes].map(([{ table }, outcome]) => [table, outcome.inserted]))
    const [, , , rejected] = await settled([
      addToTotals(client, job.ownerId, job.dryRun ? new Map() : inserted),
      countKinds(client, job, kinds),
      countWarnings(client, job, chunk.warnings),
      advance(client, job, chunk, outcomes, problems),
    ])
    return {
      conflicts,
      missing,
      rejected,
      written: writtenBy(job.dryRun ? new Map() : outcomes, problems.length),
    }
  }
  const result = await transaction(pool, (client) =>
    attempt.byInsert ? withoutCopy(client, () => write(client)) : write(client),
  )
  chunk.loan.release()
  return result
}

function writtenBy(outcomes: Outcomes, errors: number): Written {
  const added = [...outcomes]
  return {
    imported: Object.fromEntries(added.map(([{ type }, { imported }]) => [type, imported])),
    skipped: Object.fromEntries(added.map(([{ type }, { skipped }]) => [type, skipped])),
    errors,
  }
}

/**
 * Updates counts, checkpoint, the times of the records, and the lease. Progress resets the failed attempts.
 * The fence is checked here: a worker that lost its lease finds out before it commits, and counts nothing.
 *
 * @returns how many lines of the import are rejected by now.
 * @throws LeaseLost
 */
async function advance(
  client: Client,
  { id, fence }: Job,
  { checkpoint, milliseconds, warnings }: Chunk,
  outcomes: Outcomes,
  problems: readonly LineProblem[],
): Promise<number> {
  const types = [...outcomes.keys()].map(({ type }) => type)
  const added = [...outcomes.values()]
  const createdAt = new Date(milliseconds).toISOString()
  const rejectedLines = new Set(problems.map(({ line }) => line.number)).size
  const [advanced] = await rows<{ rejected: number }>(
    client,
    sql`
    with advanced as (
      update imports
      set errors = errors + ${problems.length}, rejected = rejected + ${rejectedLines},
          warnings = warnings + ${warnings.lines},
          checkpoint_pass = ${checkpoint.pass}, checkpoint_bytes = ${checkpoint.bytes}, checkpoint_lines = ${checkpoint.lines},
          records_from = least(records_from, ${createdAt}), records_to = greatest(records_to, ${createdAt}),
          attempts = 0, claims = 0, retry_at = null,
          updated_at = clock_timestamp(),
          lease_expires_at = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
      where id = ${id} and fence = ${fence} and status = 'started'
      returning id, rejected
    ),
    counted as (
      update import_counts c
      set imported = c.imported + n.imported, skipped = c.skipped + n.skipped,
          updated = c.updated + n.updated, unchanged = c.unchanged + n.unchanged
      from advanced, unnest(${types}::text[], ${added.map(({ imported }) => imported)}::bigint[],
                            ${added.map(({ skipped }) => skipped)}::bigint[],
                            ${added.map(({ updated }) => updated)}::bigint[],
                            ${added.map(({ unchanged }) => unchanged)}::bigint[])
                       as n(type, imported, skipped, updated, unchanged)
      where c.import_id = advanced.id and c.type = n.type
    )
    select rejected from advanced`,
  )
  if (!advanced) throw new LeaseLost(id)
  return advanced.rejected
}
