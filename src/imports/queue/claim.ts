import sql, { raw } from 'sql-template-tag'
import { DatabaseClock, databaseMilliseconds } from '../../db/clock.js'
import { isUniqueViolation } from '../../db/errors.js'
import { type Pool, rows } from '../../db/pool.js'
import { type CountsByType, countsOf, uploadedOf } from '../counts.js'
import type { ImportOptions } from '../import.js'
import type { Counts, OnConflict } from '../terms.js'
import { isClaimable, isReadable, LEASE_SECONDS, MAX_RETRY_SECONDS, queueHeads } from './heads.js'

/** The channel notified when there may be something to claim. */
export const IMPORTS_CHANNEL = 'intake_imports'

/** The progress of a job: everything before this byte and line was committed, in this pass. */
export interface Checkpoint {
  readonly pass: number
  readonly bytes: number
  readonly lines: number
}

/** An import that this process runs, as long as nobody has claimed it with a higher `fence`. */
export interface Job extends Omit<ImportOptions, 'fixes'> {
  readonly id: string
  readonly ownerId: string
  /** The import that it takes back; absent: it is an import itself. */
  readonly undoOf: string | undefined
  /** The owner of the rows that it writes: a dry run's own is the import itself (docs/decisions/0047). */
  readonly rowsOwnerId: string
  /**
   * Whose records may be referred to: a dry run's own rows, then the owner, then its organization if it has
   * one.
   */
  readonly visibleOwnerIds: readonly string[]
  readonly fence: number
  /** How many attempts a fault has ended since the last chunk. */
  readonly attempts: number
  /**
   * How often it was claimed since the last chunk without being given back, including this time: the other
   * claimants have died.
   */
  readonly claims: number
  readonly uploadStore: string
  readonly uploadKey: string
  readonly fileBytes: number
  /** The limit of a line's bytes that the file was received with. */
  readonly maxLineBytes: number
  /** Only of the types that were known when the file was received. */
  readonly uploaded: Counts
  readonly checkpoint: Checkpoint
  /** How many lines were rejected before it. */
  readonly rejected: number
  /** The source of its records' times. */
  readonly clock: DatabaseClock
}

/** Somebody else runs this import now, or it was ended: what this worker still does must not count. */
export class LeaseLost extends Error {
  override name = 'LeaseLost'
}

/** How many heads to try to lock, in case others claim at the same moment. */
const TRIED_HEADS = 16

/**
 * Claims the next import whose file is in one of the stores, or the next undo: of the unclaimed heads of the
 * owners' queues, the one whose organization, and then whose owner, has waited longest for a turn. The unique
 * index on started imports allows an owner one at a time, whoever claims.
 *
 * @param processId by which a later start of this process finds what it had claimed.
 * @returns undefined if there is nothing to claim; look again at the next notification or poll.
 */
export async function claimImport(
  pool: Pool,
  processId: string,
  storeIds: readonly string[],
): Promise<Job | undefined> {
  const [row] = await rows<ClaimedRow>(
    pool,
    sql`
      with recursive ${queueHeads},
      waiting as (
        select h.id, row_number() over (
          order by t.tenant_turn_at nulls first, t.import_turn_at nulls first, h.created_at, h.id) as place
        from heads h cross join lateral (
          select o.import_turn_at, coalesce(p.tenant_turn_at, o.tenant_turn_at) as tenant_turn_at
          from owners o left join owners p on p.id = o.parent_id
          where o.id = h.owner_id offset 0
        ) as t
        where ${isReadable('h', storeIds)} and ${isClaimable('h')}
        order by place
        limit ${TRIED_HEADS}
      ),
      next as (
        select i.id
        from waiting w join imports i on i.id = w.id
        where ${isClaimable('i')}
        order by w.place
        limit 1
        for update of i skip locked
      ),
      claimed as (
        update imports i
        set status = 'started',
            started_at = coalesce(i.started_at, clock_timestamp()),
            updated_at = clock_timestamp(),
            fence = i.fence + 1,
            claimed_by = ${processId},
            claims = i.claims + 1,
            -- For the case that this process dies: each time the next one waits twice as long.
            retry_at = now() + make_interval(secs => least(power(2, least(i.claims, 30)), ${MAX_RETRY_SECONDS})),
            lease_expires_at = now() + make_interval(secs => ${LEASE_SECONDS})
        from next
        where i.id = next.id
        returning i.*
      ),
      turn as (${turnOf('claimed')})
      select i.id, i.owner_id, i.undo_of, o.parent_id, i.fence, i.attempts, i.claims, i.upload_store, i.upload_key, i.file_bytes, i.max_line_bytes,
             i.dry_run, i.on_conflict, i.max_errors, i.rejected, i.checkpoint_pass, i.checkpoint_bytes, i.checkpoint_lines,
             ${databaseMilliseconds} as milliseconds, ${countsOf('i')} as counts
      from claimed i join owners o on o.id = i.owner_id`,
  ).catch((error: unknown) => {
    // Another import of the owner was started at this very moment: this one is no longer its head.
    if (isUniqueViolation(error)) return []
    throw error
  })
  return row && toJob(row)
}

const toJob = (row: ClaimedRow): Job => ({
  id: row.id,
  ownerId: row.owner_id,
  undoOf: row.undo_of ?? undefined,
  rowsOwnerId: row.dry_run ? row.id : row.owner_id,
  visibleOwnerIds: [
    ...(row.dry_run ? [row.id] : []),
    row.owner_id,
    ...(row.parent_id === null ? [] : [row.parent_id]),
  ],
  fence: row.fence,
  attempts: row.attempts,
  claims: row.claims,
  uploadStore: row.upload_store,
  uploadKey: row.upload_key,
  fileBytes: row.file_bytes,
  maxLineBytes: row.max_line_bytes,
  dryRun: row.dry_run,
  onConflict: row.on_conflict,
  maxErrors: row.max_errors ?? undefined,
  rejected: row.rejected,
  uploaded: uploadedOf(row.counts),
  checkpoint: { pass: row.checkpoint_pass, bytes: row.checkpoint_bytes, lines: row.checkpoint_lines },
  clock: new DatabaseClock(row.milliseconds),
})

/** Whether an import whose file is in one of the stores waits only for a worker. */
export async function isAnyWaiting(pool: Pool, storeIds: readonly string[]): Promise<boolean> {
  const found = await rows(
    pool,
    sql`
      with recursive ${queueHeads}
      select from heads h where ${isReadable('h', storeIds)} and ${isClaimable('h')} limit 1`,
  )
  return found.length > 0
}

/** The statement that moves the owners of some imports, and their organizations, to the back of the queue. */
const turnOf = (imports: string) =>
  raw(`
    update owners w
    set import_turn_at = case when w.id = o.id then clock_timestamp() else w.import_turn_at end,
        tenant_turn_at = clock_timestamp()
    from ${imports} as one join owners o on o.id = one.owner_id
    where w.id = any(array[o.id, o.parent_id])`)

interface ClaimedRow {
  readonly id: string
  readonly owner_id: string
  readonly undo_of: string | null
  readonly parent_id: string | null
  readonly fence: number
  readonly attempts: number
  readonly claims: number
  readonly milliseconds: number
  readonly upload_store: string
  readonly upload_key: string
  readonly file_bytes: number
  readonly max_line_bytes: number
  readonly dry_run: boolean
  readonly on_conflict: OnConflict
  readonly max_errors: number | null
  readonly rejected: number
  readonly checkpoint_pass: number
  readonly checkpoint_bytes: number
  readonly checkpoint_lines: number
  readonly counts: CountsByType
}

/** Extends the lease. @throws LeaseLost */
export async function renewLease(pool: Pool, { id, fence }: Job): Promise<void> {
  const { rowCount } = await pool.query(sql`
    update imports set lease_expires_at = now() + make_interval(secs => ${LEASE_SECONDS})
    where id = ${id} and fence = ${fence} and status = 'started'`)
  if (rowCount === 0) throw new LeaseLost(id)
}

/**
 * Gives a job back, to be claimed by whoever comes first after `retryAfterSeconds`. Its owner goes to the
 * back of the queue.
 *
 * @param counts whether the attempt counts towards the most that may fail without progress. Each one that
 *   does doubles the time to the next, which is at least `retryAfterSeconds`.
 * @returns how many attempts have failed since the last chunk
 * @throws LeaseLost
 */
export async function releaseLease(
  pool: Pool,
  { id, fence }: Job,
  { counts, retryAfterSeconds }: { counts: boolean; retryAfterSeconds: number },
): Promise<number> {
  const failed = counts ? 1 : 0
  const [released] = await rows<{ attempts: number }>(
    pool,
    sql`
      with released as (
        update imports i
        set lease_expires_at = null,
            claims = greatest(i.claims - 1, 0),
            attempts = i.attempts + ${failed},
            retry_at = now() + make_interval(secs => least(
              greatest(${retryAfterSeconds}, ${failed} * power(2, least(i.attempts + 1, 30))), ${MAX_RETRY_SECONDS}))
        where id = ${id} and fence = ${fence} and status = 'started'
        returning i.owner_id, i.attempts
      ),
      turn as (${turnOf('released')})
      select attempts from released`,
  )
  if (!released) throw new LeaseLost(id)
  if (!counts && retryAfterSeconds === 0) await pool.query(`notify ${IMPORTS_CHANNEL}`)
  return released.attempts
}

/**
 * Releases what an earlier run of a process had claimed. Only while it runs no job, and only by the holder of
 * its folder's lock: without that, another process may go by the same identity.
 *
 * @param storeId of its folder: what earlier versions claimed does not say by whom.
 */
export async function releaseLeasesOf(pool: Pool, processId: string, storeId: string): Promise<void> {
  await pool.query(sql`
    update imports set lease_expires_at = null
    where status = 'started'
      and (claimed_by = ${processId} or (claimed_by is null and upload_store = ${storeId}))`)
}
