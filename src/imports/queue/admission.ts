import sql from 'sql-template-tag'
import { type Client, type Pool, rows } from '../../db/pool.js'
import { isUndone } from '../import.js'

/* What keeps an import out of its owner's queue. */

/** An import of the owner that has not failed already has this `external_ref`. */
export class ExternalRefTaken extends Error {
  override name = 'ExternalRefTaken'
  constructor(readonly importId: string) {
    super(`The external_ref is that of import ${importId}.`)
  }
}

/** The owner has as many imports waiting as it may have. */
export class TooManyWaiting extends Error {
  override name = 'TooManyWaiting'
  constructor(readonly limit: number) {
    super(`${limit} imports of this owner are waiting.`)
  }
}

/** The owner has no import with the id that `fixes` gives. */
export class UnknownFixed extends Error {
  override name = 'UnknownFixed'
  constructor(readonly importId: string) {
    super(`There is no import ${importId}.`)
  }
}

/** A rehearsal was run before, and that import has neither failed nor been undone. */
export class AlreadyRun extends Error {
  override name = 'AlreadyRun'
  constructor(readonly importId: string) {
    super(`The rehearsal was run as import ${importId}.`)
  }
}

/** @throws UnknownFixed if `fixes` is not an import of the owner */
export async function checkFixed(
  db: Pool | Client,
  ownerId: string,
  fixes: string | undefined,
): Promise<void> {
  if (fixes === undefined) return
  const found = await rows(
    db,
    sql`select from imports where id = ${fixes} and owner_id = ${ownerId} and undo_of is null`,
  )
  if (found.length === 0) throw new UnknownFixed(fixes)
}

/**
 * Called by whoever has locked the owner's total, so that a rehearsal is run once.
 *
 * @param except an import of the rehearsal that does not count.
 * @throws AlreadyRun
 */
export async function checkNotRun(client: Client, rehearsalId: string, except?: string): Promise<void> {
  const [run] = await rows<{ id: string }>(
    client,
    sql`
      select r.id from imports r
      where r.rehearsal_of = ${rehearsalId} and r.status <> 'failed' and not ${isUndone('r')}
        and r.id is distinct from ${except ?? null}
      order by r.created_at desc limit 1`,
  )
  if (run) throw new AlreadyRun(run.id)
}

/** @throws TooManyWaiting if the owner has no room for a further import that waits. */
export async function checkWaiting(db: Pool | Client, ownerId: string, maxWaiting: number): Promise<void> {
  const waiting = await rows(
    db,
    sql`select from imports where owner_id = ${ownerId} and status = 'pending' offset ${maxWaiting - 1} limit 1`,
  )
  if (waiting.length > 0) throw new TooManyWaiting(maxWaiting)
}

/**
 * The import that has an `external_ref` and has neither failed nor been taken back; undefined: it is free. Dry
 * runs take none.
 */
export async function findByExternalRef(
  db: Pool | Client,
  ownerId: string,
  externalRef: string,
): Promise<string | undefined> {
  const [row] = await rows<{ id: string }>(
    db,
    sql`
      select id from imports
      where owner_id = ${ownerId} and ref_key(external_ref) = ref_key(${externalRef}) and status <> 'failed' and not dry_run
        and not ${isUndone('imports')}`,
  )
  return row?.id
}
