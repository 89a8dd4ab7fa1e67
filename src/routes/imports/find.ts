import type { Pool } from '../../db/pool.js'
import { notFound, permissionDenied, reportExpired, reportTooOld } from '../../http/errors.js'
import type { Import } from '../../imports/import.js'
import { findImport } from '../../imports/report/errors.js'
import { type Caller, visibleOwnerIds } from '../../tenants/owners.js'

/** The import as its caller may see it. @throws HttpError 404 */
export async function findVisible(pool: Pool, caller: Caller, id: string): Promise<Import> {
  const found = await findImport(pool, visibleOwnerIds(caller), id)
  if (!found) throw notFound('import')
  return found
}

/** The import as its caller may change it. @throws HttpError 404; 403 if it is not the caller's own */
export async function findOwn(pool: Pool, caller: Caller, id: string): Promise<Import> {
  const found = await findVisible(pool, caller, id)
  if (found.ownerId !== caller.ownerId) throw permissionDenied('import')
  return found
}

/** The import with its errors. @throws HttpError 404; 410 when they are no longer kept */
export async function findWithErrors(pool: Pool, caller: Caller, id: string): Promise<Import> {
  const found = await findVisible(pool, caller, id)
  if (found.expiredAt !== undefined && found.errors > 0) throw reportExpired(found.expiredAt)
  return found
}

/** The import with its errors, their kinds and lines. @throws HttpError 404; 410 when some are not kept */
export async function findWithWholeReport(pool: Pool, caller: Caller, id: string): Promise<Import> {
  const found = await findWithErrors(pool, caller, id)
  if (found.hasOldErrors) throw reportTooOld()
  return found
}
