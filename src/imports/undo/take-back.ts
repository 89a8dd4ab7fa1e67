import sql from 'sql-template-tag'
import { despiteDeadlocks } from '../../db/deadlock.js'
import { type Client, type Pool, rows, settled, transaction } from '../../db/pool.js'
import type { RecordType } from '../../records/record-type.js'
import { FanOut } from '../fan-out.js'
import { type Job, LeaseLost } from '../queue/claim.js'
import { LEASE_SECONDS } from '../queue/heads.js'
import { limitLocks } from '../work/locks.js'
import { removeAdded } from './added.js'
import { restoreChanged } from './changed.js'
import { byIndexOnly, type TakenBack } from './chunk.js'
import { findUndone, mayChange, typesLastFirst, type Undone } from './undone.js'

/** What is taken back of the records of one type, chunk by chunk. */
interface Step {
  /** Stays the same in later versions, since checkpoints have it. */
  readonly name: string
  readonly recordType: RecordType
  /** @param after what the chunk before returned as its last */
  chunk(client: Client, undone: Undone, after: string | undefined): Promise<TakenBack | undefined>
}

/** Where an undo is: everything before it was done. */
interface Checkpoint {
  readonly step: string
  /** The last thing that the step's chunks looked at; undefined: none so far. */
  readonly after?: string | undefined
}

/**
 * Takes an import back, chunk by chunk, each in a transaction with the checkpoint.
 *
 * @returns whether it reached its end; false: `stop` or, after a chunk, `turnOver` was signalled
 * @throws LeaseLost
 */
export async function takeBack(
  pool: Pool,
  job: Job & { readonly undoOf: string },
  stop: AbortSignal,
  turnOver: AbortSignal,
): Promise<boolean> {
  const undone = await findUndone(pool, job.undoOf)
  const steps = stepsOf(undone)
  const checkpoint = await checkpointOf(pool, job)
  const from = Math.max(
    0,
    steps.findIndex(({ name }) => name === checkpoint?.step),
  )
  let isFirst = true
  for (const step of steps.slice(from)) {
    let after = step.name === checkpoint?.step ? checkpoint.after : undefined
    for (;;) {
      if (stop.aborted || (turnOver.aborted && !isFirst)) return false
      const work = (client: Client) => workStep(client, job, undone, step, after)
      const done = await despiteDeadlocks(() => transaction(pool, work))
      if (!done) break
      isFirst = false
      after = done.last
    }
  }
  return true
}

/** Of each type, first what was changed: whatever refers to an added record may do so only since then. */
function stepsOf(undone: Undone): readonly Step[] {
  const fanOut = new FanOut()
  return typesLastFirst.flatMap((recordType): Step[] => [
    ...(mayChange(undone)
      ? [
          {
            name: `changed ${recordType.table}`,
            recordType,
            chunk: (client, undone, after) => restoreChanged(client, undone, recordType, after, fanOut),
          } satisfies Step,
        ]
      : []),
    {
      name: `added ${recordType.table}`,
      recordType,
      chunk: (client, undone, after) => removeAdded(client, undone, recordType, after, fanOut),
    },
  ])
}

async function checkpointOf(pool: Pool, { id }: Job): Promise<Checkpoint | undefined> {
  const [row] = await rows<{ undo_checkpoint: Checkpoint | null }>(
    pool,
    sql`select undo_checkpoint from imports where id = ${id}`,
  )
  return row?.undo_checkpoint ?? undefined
}

async function workStep(
  client: Client,
  job: Job,
  undone: Undone,
  step: Step,
  after: string | undefined,
): Promise<TakenBack | undefined> {
  await settled([byIndexOnly(client), limitLocks(client)])
  const done = await step.chunk(client, undone, after)
  if (done) await advance(client, job, undone, step, done)
  return done
}

/**
 * Updates counts, checkpoint and lease. The fence is checked here: a worker that has lost its lease finds out
 * before it commits.
 *
 * @throws LeaseLost
 */
async function advance(
  client: Client,
  { id, fence }: Job,
  undone: Undone,
  { name, recordType }: Step,
  { last, removed, restored, kept }: TakenBack,
): Promise<void> {
  const checkpoint: Checkpoint = { step: name, after: last }
  const { rowCount } = await client.query(sql`
    with advanced as (
      update imports
      set undo_checkpoint = ${JSON.stringify(checkpoint)}::jsonb,
          attempts = 0, claims = 0, retry_at = null,
          updated_at = clock_timestamp(),
          lease_expires_at = clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})
      where id = ${id} and fence = ${fence} and status = 'started'
      returning id
    ),
    counted as (
      update import_counts c
      set removed = c.removed + ${removed}, restored = c.restored + ${restored}, kept = c.kept + ${kept}
      from advanced
      where c.import_id = ${undone.id} and c.type = ${recordType.type}
    )
    select from advanced`)
  if (rowCount === 0) throw new LeaseLost(id)
}
