import { named, schemaName } from '../../http/operation/schemas.js'
import type { JsonObject } from '../../json/parse.js'
import { oneOf } from '../../records/attribute-kinds.js'

/** The type of a record or snapshot, from which the document's names of its schemas are derived. */
export interface Typed {
  readonly type: string
  /** Absent: they follow from the type. */
  readonly documentedAs?: string
}

/** The name of its schema in the document. */
export const documentedName = ({ type, documentedAs }: Typed): string => documentedAs ?? schemaName(type)

export const typeOf = ({ type }: Typed) => oneOf([type], 'The type.')

/** The attributes as accepted in an import line and a `POST`. */
export const attributesOf = (typed: Typed) => named<JsonObject>(`${documentedName(typed)}Attributes`)

/** The record, or snapshot, as it is sent. */
export const resourceOf = (typed: Typed) => named(documentedName(typed))
