import sql from 'sql-template-tag'
import type { Client } from '../db/pool.js'

/*
 * Who makes a record that refers to others has to find them there until it is committed, and who deletes a record has to
 * see everything that refers to it. So both lock: not the records one by one, which would write each of them anew, but all
 * of an owner's at once. Owners whose ids hash alike share a lock, which does no harm.
 */

/** Any number that nobody else uses: it names these locks among PostgreSQL's advisory ones. */
const DELETIONS = 487_121_503

/** Keeps all records of these owners from being deleted until the transaction ends. Others may do the same meanwhile. */
export async function keepFromDeletion(client: Client, ownerIds: readonly string[]): Promise<void> {
  await client.query(sql`
    select pg_advisory_xact_lock_shared(${DELETIONS}, hashtext(id)) from unnest(${ownerIds}::text[]) as id`)
}

/** Waits until nobody keeps the owner's records from being deleted, and keeps others from it until the transaction ends. */
export async function lockForDeletion(client: Client, ownerId: string): Promise<void> {
  await client.query(sql`select pg_advisory_xact_lock(${DELETIONS}, hashtext(${ownerId}))`)
}
