import { planPrice } from '../records/price.js'
import type { StoredRecord, StoredSnapshot } from '../records/read.js'
import type { RecordType, Reference } from '../records/record-type.js'
import { type Caller, ownerKind } from '../tenants/owners.js'

export type Snapshots = ReadonlyMap<Reference, readonly StoredSnapshot[]>

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
    list: (snapshots.get(reference) ?? []).filter(({ holderId }) => holderId === record.id),
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

/** A snapshot as it is answered: the original's attributes under its own id and type; a plan with its price. */
export function snapshotResource(
  caller: Caller,
  reference: Reference,
  snapshot: StoredSnapshot,
  snapshots: Snapshots,
) {
  const resource = plainResource(caller, reference.type, snapshot)
  if (!reference.pricedBy) return resource
  const [, priced = []] = [...snapshots].find(([{ attribute }]) => attribute === reference.pricedBy) ?? []
  const own = priced.filter(({ holderId }) => holderId === snapshot.holderId)
  const price = planPrice(
    snapshot.attributes,
    own.map(({ attributes }) => attributes),
  )
  return { ...resource, meta: { ...resource.meta, price } }
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
