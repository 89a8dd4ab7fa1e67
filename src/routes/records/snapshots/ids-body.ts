import { dataOf, uuid } from '../../../http/operation/schemas.js'
import { dataReader } from '../../../http/operation/validation.js'
import type { Reference } from '../../../records/record-type.js'
import { MAX_SNAPSHOTS } from '../../../records/validate.js'
import { type Predicate, predicate } from '../../../schema/sentences.js'
import { Type } from '../../../schema/type.js'

/** `{"data": {"products": [uuid, …]}}`, at least one. */
export const idsBody = ({ attribute, to }: Reference) =>
  dataOf(
    Type.Object({
      [attribute]: Type.Array(uuid(`The id of a ${to.noun}.`), {
        minItems: 1,
        maxItems: MAX_SNAPSHOTS,
        description: `Which ${attribute}.`,
      }),
    }),
  )

/**
 * Makes the reader of an `idsBody`, which returns the ids as the database writes them. It throws HttpError
 * 400.
 */
export function idsReader(reference: Reference): (body: unknown) => string[] {
  const read = dataReader(idsBody(reference), words)
  return (body) => (read(body)[reference.attribute] ?? []).map((id) => id.toLowerCase())
}

/** Of what is no id it does not matter whether it is a text. */
const words: Predicate = (error) => {
  if (error.keyword === 'minItems') return 'must have at least one id'
  if (error.keyword !== 'type') return predicate(error)
  return error.params.type === 'array' ? 'must be a list' : 'must be a UUID'
}
