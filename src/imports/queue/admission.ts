import sql from 'sql-template-tag'
import { type Client, type Pool, rows } from '../../db/pool.js'

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

/** @throws TooManyWaiting if the owner has no room for a further import that waits. */
export async function checkWaiting(db: Pool | Client, ownerId: string, maxWaiting: number): Promise<void> {
  const waiting = await rows(
    db,
    sql`select from imports where owner_id = ${ownerId} and status = 'pending' offset ${maxWaiting - 1} limit 1`,
  )
  if (waiting.length > 0) throw new TooManyWaiting(maxWaiting)
}

/** The import that has an `external_ref` and has not failed; undefined: it is free. Dry runs take none. */
export async function findByExternalRef(
  db: Pool | Client,
  ownerId: string,
  externalRef: string,
): Promise<string | undefined> {
  const [row] = await rows<{ id: string }>(
    db,
    sql`
      select id from imports
      where owner_id = ${ownerId} and ref_key(external_ref) = ref_key(${externalRef}) and status <> 'failed' and not dry_run`,
  )
  return row?.id
}
