import sql, { raw } from 'sql-template-tag'
import { type Pool, rows } from '../db/pool.js'
import { recordTypes } from '../records/index.js'
import { counts, type ImportOptions, type OnConflict } from './import.js'
import type { Counts } from './scan.js'

/** Notified when there may be something to claim. */
export const IMPORTS_CHANNEL = 'intake_imports'

/** A worker that has not renewed its lease for so long is taken for dead. */
export const LEASE_SECONDS = 15

/** How far a job is: everything before this byte and line was committed, in this pass. */
export interface Checkpoint {
  readonly pass: number
  readonly bytes: number
  readonly lines: number
}

/** An import that this process works on, as long as nobody claimed it with a higher `fence`. */
export interface Job extends ImportOptions {
  readonly id: string
  readonly ownerId: string
  /** The owner, then its organization if it has one: whose records may be referred to. */
  readonly visibleOwnerIds: readonly string[]
  readonly fence: number
  /** How often it was claimed since it last came forward, this time included. */
  readonly attempts: number
  readonly uploadKey: string
  readonly fileBytes: number
  /** The limit of a line's bytes that the file was received with. */
  readonly maxLineBytes: number
  readonly uploaded: Counts
  readonly checkpoint: Checkpoint
}

/** Somebody else works on this import now, or it was ended: what this worker still does of it must not count. */
export class LeaseLost extends Error {
  override name = 'LeaseLost'
}

/**
 * Claims the next import whose file is in `storeId`: of the heads of the owners' queues the earliest, or one whose
 * worker died. The index on started imports lets an owner have one at a time, whoever claims.
 *
 * @returns undefined if there is nothing to claim; the next notification or poll tells when to look again.
 */
export async function claimImport(pool: Pool, storeId: string): Promise<Job | undefined> {
  const [row] = await rows<Record<string, unknown> & ClaimedRow>(
    pool,
    sql`
      with next as (
        select i.id
        from imports i
        where i.upload_store = ${storeId}
          and (i.retry_at is null or i.retry_at <= now())
          and (
            (i.status = 'started' and i.lease_expires_at <= now())
            or (i.status = 'pending' and not exists (
              select from imports earlier
              where earlier.owner_id = i.owner_id
                and earlier.status in ('pending', 'started')
                and (earlier.status = 'started' or (earlier.created_at, earlier.id) < (i.created_at, i.id))
            ))
          )
        order by i.created_at, i.id
        limit 1
        for update skip locked
      )
      update imports i
      set status = 'started',
          started_at = coalesce(i.started_at, clock_timestamp()),
          updated_at = clock_timestamp(),
          fence = i.fence + 1,
          attempts = i.attempts + 1,
          retry_at = null,
          lease_expires_at = now() + make_interval(secs => ${LEASE_SECONDS})
      from next, owners o
      where i.id = next.id and o.id = i.owner_id
      returning i.id, i.owner_id, o.parent_id, i.fence, i.attempts, i.upload_key, i.file_bytes, i.max_line_bytes, i.dry_run, i.on_conflict,
                i.checkpoint_pass, i.checkpoint_bytes, i.checkpoint_lines,
                ${raw(recordTypes.map(({ table }) => `i.uploaded_${table}`).join(', '))}`,
  )
  if (!row) return undefined
  return {
    id: row.id,
    ownerId: row.owner_id,
    visibleOwnerIds: row.parent_id === null ? [row.owner_id] : [row.owner_id, row.parent_id],
    fence: row.fence,
    attempts: row.attempts,
    uploadKey: row.upload_key,
    fileBytes: row.file_bytes,
    maxLineBytes: row.max_line_bytes,
    dryRun: row.dry_run,
    onConflict: row.on_conflict,
    uploaded: counts(row, 'uploaded'),
    checkpoint: { pass: row.checkpoint_pass, bytes: row.checkpoint_bytes, lines: row.checkpoint_lines },
  }
}

interface ClaimedRow {
  readonly id: string
  readonly owner_id: string
  readonly parent_id: string | null
  readonly fence: number
  readonly attempts: number
  readonly upload_key: string
  readonly file_bytes: number
  readonly max_line_bytes: number
  readonly dry_run: boolean
  readonly on_conflict: OnConflict
  readonly checkpoint_pass: number
  readonly checkpoint_bytes: number
  readonly checkpoint_lines: number
}

/** Extends the lease. @throws LeaseLost */
export async function renewLease(pool: Pool, { id, fence }: Job): Promise<void> {
  const { rowCount } = await pool.query(sql`
    update imports set lease_expires_at = now() + make_interval(secs => ${LEASE_SECONDS})
    where id = ${id} and fence = ${fence} and status = 'started'`)
  if (rowCount === 0) throw new LeaseLost(id)
}

/**
 * Gives a job back, to be claimed by whoever is first, after `retryAfterSeconds`.
 *
 * @param counts whether the attempt counts towards the most that a job may fail without coming forward.
 */
export async function releaseLease(
  pool: Pool,
  { id, fence }: Job,
  { counts, retryAfterSeconds }: { counts: boolean; retryAfterSeconds: number },
): Promise<void> {
  await pool.query(sql`
    update imports
    set lease_expires_at = now(),
        attempts = greatest(attempts - ${counts ? 0 : 1}, 0),
        retry_at = now() + make_interval(secs => ${retryAfterSeconds})
    where id = ${id} and fence = ${fence} and status = 'started'`)
  if (retryAfterSeconds === 0) await pool.query(`notify ${IMPORTS_CHANNEL}`)
}

/** Frees what a dead worker of this store held. Only while no other worker of the store lives. */
export async function releaseLeasesOf(pool: Pool, storeId: string): Promise<void> {
  await pool.query(sql`
    update imports set lease_expires_at = now() where status = 'started' and upload_store = ${storeId}`)
}
