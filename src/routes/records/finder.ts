import type { PoolOf } from '../../db/owner-pool.js'
import { notFound, permissionDenied } from '../../http/errors.js'
import { findRecord, type StoredRecord } from '../../records/read/records.js'
import type { RecordType } from '../../records/record-type.js'
import { type Caller, visibleOwnerIds } from '../../tenants/owners.js'

/** Finds the records of one type that a caller may see, or change (contract 2). */
export interface RecordFinder {
  /** @throws HttpError 404 if the caller cannot see it */
  find(caller: Caller, id: string): Promise<StoredRecord>
  /** @throws HttpError 404 if the caller cannot see it, 403 if it is not the caller's own */
  findOwn(caller: Caller, id: string): Promise<StoredRecord>
}

export function recordFinder(poolOf: PoolOf, recordType: RecordType): RecordFinder {
  const { noun } = recordType
  const find = async (caller: Caller, id: string): Promise<StoredRecord> => {
    const record = await findRecord(poolOf(caller), recordType, visibleOwnerIds(caller), id)
    if (!record) throw notFound(noun)
    return record
  }
  return {
    find,
    async findOwn(caller, id) {
      const record = await find(caller, id)
      if (record.ownerId !== caller.ownerId) throw permissionDenied(noun)
      return record
    },
  }
}
