import sql from 'sql-template-tag'
import type { CopyLoan } from '../../db/copy/buffers.js'
import { type Client, settled } from '../../db/pool.js'
import { uuidArray } from '../../db/uuid-array.js'
import { UUID_PATTERN } from '../../schema/uuid.js'
import { SnapshotIds } from '../content/snapshot-ids.js'
import type { RecordType } from '../record-type.js'
import type { ReferenceLists } from './references.js'
import { type Copies, copyOriginals, type SnapshotList, writeSnapshots } from './write-snapshots.js'

/** Something that is named is not there. Nothing of the transaction may be committed. */
export class NamedMissing extends Error {
  override name = 'NamedMissing'
  constructor() {
    super('Something that is named is not there.')
  }
}

/** A record that was just added, and its lists of references. */
export interface NamingHolder {
  readonly id: string
  readonly lists: ReferenceLists
}

/**
 * Whether each reference of these lists can only be an `external_ref`, and none is repeated within a list: then
 * `insertNamed` may write their snapshots.
 */
export const areRefsOnly = (records: readonly ReferenceLists[]): boolean =>
  records.every((lists) => Object.values(lists).every(isOfRefsOnly))

function isOfRefsOnly(list: ReferenceLists[string]): boolean {
  const texts = list.filter((element) => typeof element === 'string')
  return new Set(texts).size === texts.length && !texts.some((text) => UUID_PATTERN.test(text))
}

/**
 * Writes the snapshots of records that were just added, looking up what they name, locking it against deletion and
 * copying it in one statement. Their ids ascend in the order of the list.
 *
 * @param ownerId of the records, and of all that they name by `external_ref`
 * @param loan whose buffers are used on the way
 * @throws NamedMissing if the owner has not all of it
 */
export async function insertNamed(
  client: Client,
  { references }: RecordType,
  ownerId: string,
  milliseconds: number,
  holders: readonly NamingHolder[],
  loan?: CopyLoan,
): Promise<void> {
  await settled(
    references.map((reference, place) => {
      const list = { reference, ownerId, milliseconds }
      const holding = (function* () {
        for (const { id, lists } of holders) {
          const ids = new SnapshotIds(milliseconds, id)
          yield { id, elements: lists[reference.attribute] ?? [], idAt: (at: number) => ids.at(place, at) }
        }
      })()
      return writeSnapshots(client, list, holding, (copies) => insertCopies(client, list, copies), loan)
    }),
  )
}

async function insertCopies(
  client: Client,
  list: SnapshotList,
  { holderIds, ids, named }: Copies<string>,
): Promise<void> {
  const source = sql`unnest(${uuidArray(holderIds)}::uuid[], ${uuidArray(ids)}::uuid[], ${named}::text[])
                     as r(holder_id, id, ref)`
  const isOriginal = sql`
    o.owner_id = ${list.ownerId} and o.external_ref is not null
    and ref_key(o.external_ref) = ref_key(r.ref) and o.external_ref = r.ref`
  // Whoever deletes one waits, and then sees the copy, which nobody sees before it is committed.
  const copied = await copyOriginals(client, list, source, isOriginal, 'key share')
  if (copied !== ids.length) throw new NamedMissing()
}
