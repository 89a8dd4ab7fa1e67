import type { Pool } from '../../db/pool.js'
import { notFound, permissionDenied, reportExpired, reportTooOld } from '../../http/errors.js'
import type { Import } from '../../imports/import.js'
import { findImport } from '../../imports/read.js'
import { type Caller, visibleOwnerIds } from '../../tenants/owners.js'

/** The import, if the caller may see it. @throws HttpError 404 */
export async function findVisible(pool: Pool, caller: Caller, id: string): Promise<Import> {
  const found = await findImport(pool, visibleOwnerIds(caller), id)
  if (!found) throw notFound('import')
  return found
}

/** The import, if the caller may change it. @throws HttpError 404; 403 if it is not the caller's own */
export async function findOwn(pool: Pool, caller: Caller, id: string): Promise<Import> {
  const found = await findVisible(pool, caller, id)
  if (found.ownerId !== caller.ownerId) throw permissionDenied('import')
  return found
}

/** The import, if its errors are available. @throws HttpError 404; 410 if they are no longer kept */
export async function findWithErrors(pool: Pool, caller: Caller, id: string): Promise<Import> {
  const found = await findVisible(pool, caller, id)
  checkKept(found)
  return found
}

/**
 * The import, if its errors, their kinds and lines are available.
 *
 * @throws HttpError 404; 410 if some are not kept
 */
export async function findWithWholeReport(pool: Pool, caller: Caller, id: string): Promise<Import> {
  const found = await findVisible(pool, caller, id)
  checkReport(found)
  return found
}

function checkReport(found: Import): void {
  checkKept(found)
  if (found.hasOldErrors) throw reportTooOld()
}

function checkKept({ expiredAt, errors }: Import): void {
  if (expiredAt !== undefined && errors > 0) throw reportExpired(expiredAt)
}
