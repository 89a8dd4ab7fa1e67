import { Type } from '../schema/type.js'
import { oneOf } from './attribute-kinds.js'

/** The `meta` of every resource (contract 2 and 9). */

const asTimestamp = (description: string) => ({
  format: 'date-time',
  description,
  examples: ['2017-01-10T11:41:19.244842Z'],
  'x-kind': 'time',
})

export const timestamp = (description: string) => Type.String(asTimestamp(description))

export const timestampOrNull = (description: string) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], ...asTimestamp(description) })

export const owner = oneOf(['store', 'organization'], 'The owner of the resource.')

export const timestamps = Type.Object({
  created_at: timestamp('When it was created.'),
  updated_at: timestamp('When it was last changed.'),
})
