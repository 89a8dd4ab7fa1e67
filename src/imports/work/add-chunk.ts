import { isRefusedCopy, isUniqueViolation } from '../../db/errors.js'
import { type Client, settled } from '../../db/pool.js'
import type { RecordType } from '../../records/record-type.js'
import { NamedMissing } from '../../records/write/insert-named.js'
import type { Lock } from '../../records/write/references.js'
import type { FanOut } from '../fan-out.js'
import type { LineProblem } from '../file/examine.js'
import type { Job } from '../queue/claim.js'
import { keepsJournal } from '../terms.js'
import { type Added, addRecords } from './add.js'
import type { Chunk } from './chunks.js'
import { overwriteRecords } from './overwrite/overwrite.js'

/** One attempt to add the records of a chunk. */
export interface ChunkAttempt {
  readonly job: Job
  readonly chunk: Chunk
  readonly fanOut: FanOut
  /** Whether an `external_ref` is expected to be taken. */
  readonly careful: boolean
  /** Whether something that is named is expected to be missing. */
  readonly lookUpFirst: boolean
  /** Of what is copied. */
  readonly lock: Lock
}

export type Outcomes = ReadonlyMap<RecordType, Added>

interface AddedChunk {
  readonly outcomes: Outcomes
  readonly problems: readonly LineProblem[]
}

/** What was in the way of adding a chunk the fastest way. */
export interface Obstacles {
  /** An `external_ref` was taken. */
  readonly conflicts: boolean
  /** Something that is named was missing. */
  readonly missing: boolean
}

/** How often to look again for records that appear just when they are about to be added. */
const LOOKS = 20

/** Adds a chunk's records within a transaction, or changes those that are there, according to `on_conflict`. */
export async function addChunk(client: Client, attempt: ChunkAttempt): Promise<AddedChunk & Obstacles> {
  if (keepsJournal(attempt.job.onConflict)) {
    return { ...(await overwrite(client, attempt)), conflicts: false, missing: false }
  }
  let missing = false
  if (!attempt.careful) {
    let quick = await addQuickly(client, attempt)
    if (quick === 'missing') {
      missing = true
      quick = await addQuickly(client, { ...attempt, lookUpFirst: true })
    }
    if (typeof quick === 'object') return { ...quick, conflicts: false, missing }
  }
  const added = await addAll(client, { ...attempt, careful: true })
  const conflicts = !attempt.careful || [...added.outcomes.values()].some((outcome) => outcome.conflicts)
  return { ...added, conflicts, missing }
}

async function overwrite(client: Client, attempt: ChunkAttempt): Promise<AddedChunk> {
  for (let looks = 1; looks < LOOKS; looks += 1) {
    const added = await addQuickly(client, { ...attempt, careful: false })
    if (typeof added === 'object') return added
  }
  return await addAll(client, { ...attempt, careful: false })
}

/** Adds a chunk's records, the new ones by COPY. A text: what was in the way, and nothing was added. */
async function addQuickly(
  client: Client,
  attempt: ChunkAttempt,
): Promise<AddedChunk | 'conflicts' | 'missing'> {
  try {
    const [, added] = await settled([client.query('savepoint quick'), addAll(client, attempt)])
    return added
  } catch (error) {
    const isMissing = error instanceof NamedMissing
    if (!isMissing && !isUniqueViolation(error) && !isRefusedCopy(error)) throw error
    await client.query('rollback to savepoint quick')
    return isMissing ? 'missing' : 'conflicts'
  }
}

async function addAll(client: Client, attempt: ChunkAttempt): Promise<AddedChunk> {
  const { job, chunk, fanOut, careful, lookUpFirst, lock } = attempt
  const writing = {
    client,
    job,
    careful,
    lookUpFirst,
    fanOut,
    lock,
    milliseconds: chunk.milliseconds,
    loan: chunk.loan,
  }
  const add = keepsJournal(job.onConflict) ? overwriteRecords : addRecords
  const outcomes = await settled(
    [...chunk.candidates].map(
      async ([recordType, candidates]) => [recordType, await add(writing, candidates)] as const,
    ),
  )
  return {
    outcomes: new Map(outcomes),
    problems: [...chunk.problems, ...outcomes.flatMap(([, { problems }]) => problems)],
  }
}
