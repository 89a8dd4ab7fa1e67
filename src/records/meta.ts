import { Type } from '../schema/type.js'
import { oneOf } from './attribute-kinds.js'

/** The `meta` of every resource (contract 2 and 9). */

export const timestamp = (description: string) =>
  Type.String({ format: 'date-time', description, examples: ['2017-01-10T11:41:19.244842Z'] })

export const owner = oneOf(['store', 'organization'], 'The owner of the resource.')

export const timestamps = Type.Object({
  created_at: timestamp('When it was created.'),
  updated_at: timestamp('When it was last changed.'),
})
