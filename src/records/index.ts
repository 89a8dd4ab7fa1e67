import { feature } from './feature.js'
import { offering } from './offering.js'
import { plan } from './plan.js'
import { product } from './product.js'
import type { RecordType } from './record-type.js'
import { subscriber } from './subscriber.js'
import { subscription } from './subscription.js'

/** Every record type, in the order in which counts and tables show them. */
export const recordTypes: readonly RecordType[] = [product, plan, subscriber, offering, feature, subscription]

const byType = new Map(recordTypes.map((recordType) => [recordType.type, recordType]))

/** The record type for a `data.type`, or undefined. */
export const recordTypeOf = (type: string): RecordType | undefined => byType.get(type)
