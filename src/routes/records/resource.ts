import type { FastifyRequest } from 'fastify'
import { type Pool, toRfc3339 } from '../../db/pool.js'
import { JsonText } from '../../http/answer/json.js'
import { type BasePrice, planPrice } from '../../records/plan-price.js'
import { attributesWriter, isLong, rowParser } from '../../records/read/json-text.js'
import {
  type HoldingRecord,
  heldBy,
  type StoredRecord,
  type TextRow,
  toRecord,
} from '../../records/read/records.js'
import type { Holder, StoredSnapshot } from '../../records/read/snapshots.js'
import { sumPrices } from '../../records/read/sum-prices.js'
import type { RecordType, Snapshots } from '../../records/record-type.js'
import { type Caller, ownerKind } from '../../tenants/owners.js'

/** A record as it is sent (contract 9). */
export function recordResource(
  { caller, url }: Pick<FastifyRequest, 'caller' | 'url'>,
  { type, table, holds }: RecordType,
  record: HoldingRecord,
) {
  const basePath = url.startsWith('/v2/') ? '/v2/subscriptions' : '/subscriptions'
  const resource = plainResource(caller, type, record)
  if (holds.length === 0) return resource
  const own = holds.map((reference) => ({ reference, held: record.held[reference.attribute] }))
  return {
    ...resource,
    meta: {
      ...resource.meta,
      ...Object.fromEntries(
        own.flatMap(({ reference: { refsAttribute }, held }) =>
          refsAttribute ? [[refsAttribute, held?.refs ?? []]] : [],
        ),
      ),
    },
    relationships: Object.fromEntries(
      own.map(({ reference, held }) => [
        reference.attribute,
        {
          data: (held?.ids ?? []).map((id) => ({ id, type: reference.type })),
          links: { related: `${basePath}/${table}/${record.id}/${reference.attribute}` },
        },
      ]),
    ),
  }
}

/**
 * The same from a row's texts, without objects in between; undefined for a type whose records hold others, or are
 * answered otherwise than by their attributes. A long one is an object, which is sent piece by piece.
 */
export function resourceWriter(
  recordType: RecordType,
): ((request: Pick<FastifyRequest, 'caller' | 'url'>, row: TextRow) => object) | undefined {
  const { type, holds, answered } = recordType
  if (holds.length > 0 || answered) return undefined
  const attributes = attributesWriter(recordType)
  const parse = rowParser(recordType)
  return (request, row) => {
    if (isLong(row))
      return recordResource(request, recordType, { ...toRecord(recordType, parse(row)), held: {} })
    const times = `"created_at":"${toRfc3339(row.created_at)}","updated_at":"${toRfc3339(row.updated_at)}"`
    const meta = `{"owner":"${ownerKind(request.caller, row.owner_id)}","timestamps":{${times}}}`
    return new JsonText(
      `{"id":"${row.id}","type":"${type}","attributes":{${attributes(row)}${times}},"meta":${meta}}`,
    )
  }
}

const NOTHING: ReadonlySet<string> = new Set()

/** A record as it is sent after a write. */
export const writtenRecord = async (
  request: FastifyRequest,
  pool: Pool,
  recordType: RecordType,
  record: StoredRecord,
) => recordResource(request, recordType, await heldBy(pool, recordType, record, NOTHING))

/** What is needed for sending snapshots: who asks, and what they are. */
export interface SnapshotView {
  readonly pool: Pool
  readonly caller: Caller
  readonly recordType: RecordType
  readonly reference: Snapshots
}

/**
 * Snapshots as they are sent: the original's attributes with their own id and type; plans with their prices.
 */
export async function* snapshotResources(
  view: SnapshotView,
  slices: AsyncIterable<readonly StoredSnapshot[]>,
) {
  const { caller, reference } = view
  const pricing = pricingOf(view)
  if (pricing) return yield* pricedResources(view, pricing, slices)
  for await (const slice of slices) yield slice.map((snapshot) => plainSnapshot(caller, reference, snapshot))
}

/** One snapshot as it is sent. */
export async function snapshotResource(view: SnapshotView, snapshot: StoredSnapshot) {
  const pricing = pricingOf(view)
  if (!pricing) return plainSnapshot(view.caller, view.reference, snapshot)
  const sums = await sumPrices(view.pool, pricing, holdersOf([snapshot]))
  return pricedResource(view, snapshot, sums.get(snapshot.holderId))
}

/** The reference that determines a snapshot's price, as an offering's products do for its plans. */
const pricingOf = ({ recordType: { holds }, reference: { pricedBy } }: SnapshotView) =>
  holds.find(({ attribute }) => attribute === pricedBy)

/** One by one, since a price may be as long as all prices of a product. */
async function* pricedResources(
  view: SnapshotView,
  pricing: Snapshots,
  slices: AsyncIterable<readonly StoredSnapshot[]>,
) {
  let sums: ReadonlyMap<string, BasePrice> = new Map()
  for await (const slice of slices) {
    for (const [index, snapshot] of slice.entries()) {
      const { attributes, holderId } = snapshot
      if (attributes.fixed_price === undefined && !sums.has(holderId)) {
        sums = await sumPrices(view.pool, pricing, holdersOf(slice.slice(index)))
      }
      yield [pricedResource(view, snapshot, sums.get(holderId))]
    }
  }
}

function pricedResource({ caller, reference }: SnapshotView, snapshot: StoredSnapshot, base: BasePrice = []) {
  const resource = plainSnapshot(caller, reference, snapshot)
  return { ...resource, meta: { ...resource.meta, price: planPrice(snapshot.attributes, base) } }
}

/** Without repetitions, in order. */
const holdersOf = (snapshots: readonly StoredSnapshot[]): Holder[] =>
  [...new Map(snapshots.map(({ holderId, ownerId }) => [holderId, ownerId]))].map(([id, ownerId]) => ({
    id,
    ownerId,
  }))

/** The `objects` of a list: attributes of its snapshots that are not stored. */
function plainSnapshot(
  caller: Caller,
  { type, objects = {}, selection }: Snapshots,
  snapshot: StoredSnapshot,
) {
  const empty = Object.fromEntries(Object.keys(objects).map((name) => [name, {}]))
  const attributes = { ...snapshot.attributes, ...empty }
  const resource = plainResource(caller, type, { ...snapshot, attributes })
  if (!selection) return resource
  return { ...resource, meta: { ...resource.meta, [selection.mark]: snapshot.isSelected || null } }
}

function plainResource(caller: Caller, type: string, record: StoredRecord) {
  const timestamps = { created_at: record.createdAt, updated_at: record.updatedAt }
  const { attributes, meta, timestamps: further } = record.answered ?? { attributes: record.attributes }
  return {
    id: record.id,
    type,
    attributes: { ...attributes, ...timestamps },
    meta: { owner: ownerKind(caller, record.ownerId), ...meta, timestamps: { ...timestamps, ...further } },
  }
}
