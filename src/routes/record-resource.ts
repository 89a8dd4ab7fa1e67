import { basePrice, planPrice } from '../records/price.js'
import type { Snapshots, StoredRecord, StoredSnapshot } from '../records/read.js'
import type { RecordType, Reference } from '../records/record-type.js'
import { type Caller, ownerKind } from '../tenants/owners.js'

/** A record as it is answered (contract 9). */
export function recordResource(
  caller: Caller,
  { type, table, references }: RecordType,
  record: StoredRecord,
  snapshots: Snapshots,
  basePath: string,
) {
  const own = references.map((reference) => ({
    reference,
    list: snapshots.get(reference)?.get(record.id) ?? [],
  }))
  const resource = plainResource(caller, type, record)
  if (own.length === 0) return resource
  return {
    ...resource,
    meta: {
      ...resource.meta,
      ...Object.fromEntries(
        own.flatMap(({ reference: { refsAttribute }, list }) =>
          refsAttribute ? [[refsAttribute, refsOf(list)]] : [],
        ),
      ),
    },
    relationships: Object.fromEntries(
      own.map(({ reference, list }) => [
        reference.attribute,
        {
          data: list.map(({ id }) => ({ id, type: reference.type })),
          links: { related: `${basePath}/${table}/${record.id}/${reference.attribute}` },
        },
      ]),
    ),
  }
}

/**
 * Snapshots that one record holds, as they are answered: the original's attributes under an id and type of their own;
 * plans with their prices.
 *
 * @param held what the record holds, at least by the list that prices this one.
 */
export function snapshotResources(
  caller: Caller,
  reference: Reference,
  holderId: string,
  list: readonly StoredSnapshot[],
  held: Snapshots,
) {
  const objects = Object.fromEntries(Object.keys(reference.objects ?? {}).map((name) => [name, {}]))
  const resources = list.map((snapshot) =>
    plainResource(caller, reference.type, {
      ...snapshot,
      attributes: { ...snapshot.attributes, ...objects },
    }),
  )
  if (!reference.pricedBy) return resources
  const [, priced] = [...held].find(([{ attribute }]) => attribute === reference.pricedBy) ?? []
  const base = basePrice((priced?.get(holderId) ?? []).map(({ attributes }) => attributes))
  return resources.map((resource, index) => ({
    ...resource,
    meta: { ...resource.meta, price: planPrice(list[index]?.attributes ?? {}, base) },
  }))
}

function plainResource(caller: Caller, type: string, record: StoredRecord) {
  const timestamps = { created_at: record.createdAt, updated_at: record.updatedAt }
  return {
    id: record.id,
    type,
    attributes: { ...record.attributes, ...timestamps },
    meta: { owner: ownerKind(caller, record.ownerId), timestamps },
  }
}

const refsOf = (snapshots: readonly StoredSnapshot[]): unknown[] =>
  snapshots.flatMap(({ attributes }) => attributes.external_ref ?? [])
