import { notFound } from '../../../http/errors.js'
import { findSnapshot, type StoredSnapshot } from '../../../records/read/snapshots.js'
import type { Holding } from '../../../records/write/snapshots.js'
import { type Caller, visibleOwnerIds } from '../../../tenants/owners.js'
import type { SnapshotView } from '../resource.js'
import type { SnapshotDependencies } from './dependencies.js'

/** The record whose list the caller is changing. @throws HttpError 403, 404 */
export async function findHolding(
  { recordType, reference, finder }: SnapshotDependencies,
  caller: Caller,
  id: string,
): Promise<Holding> {
  const holder = await finder.findOwn(caller, id)
  return { recordType, reference, holder, visibleOwnerIds: visibleOwnerIds(caller) }
}

/**
 * The snapshot that the caller is changing, with the record that holds it.
 *
 * @param id the holder's
 * @param snapshotId the snapshot's, or its original's
 * @throws HttpError 403, 404
 */
export async function findHeld(
  dependencies: SnapshotDependencies,
  caller: Caller,
  id: string,
  snapshotId: string,
): Promise<{ holding: Holding; snapshot: StoredSnapshot }> {
  const { poolOf, reference } = dependencies
  const holding = await findHolding(dependencies, caller, id)
  const snapshot = await findSnapshot(poolOf(caller), reference, holding.holder, snapshotId)
  if (!snapshot) throw notFound(reference.to.noun)
  return { holding, snapshot }
}

/** How the snapshots are sent to a caller. */
export const viewOf = (
  { poolOf, recordType, reference }: SnapshotDependencies,
  caller: Caller,
): SnapshotView => ({ pool: poolOf(caller), caller, recordType, reference })
