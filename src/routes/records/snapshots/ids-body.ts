import { Type } from 'typebox'
import { readData } from '../../../http/body/json.js'
import { dataOf, uuid } from '../../../http/operation/schemas.js'
import type { Reference } from '../../../records/record-type.js'
import { MAX_SNAPSHOTS, tooManyElements } from '../../../records/validate.js'
import type { Problem } from '../../../schema/problem.js'
import { UUID_PATTERN } from '../../../schema/uuid.js'
import { reject } from '../problems.js'

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

/** Reads an `idsBody`. @throws HttpError 400 */
export function readIds(body: unknown, attribute: string): string[] {
  const ids = readData(body)[attribute]
  if (!Array.isArray(ids)) {
    const error = ids === undefined ? `"${attribute}" is required` : `${attribute} must be a list`
    reject([{ field: attribute, error }])
    return []
  }
  if (ids.length > MAX_SNAPSHOTS) reject([{ field: attribute, error: tooManyElements(attribute) }])
  const problems = ids.flatMap((id: unknown, index): Problem[] => {
    const field = `${attribute}[${index}]`
    return typeof id === 'string' && UUID_PATTERN.test(id)
      ? []
      : [{ field, error: `${field} must be a UUID` }]
  })
  if (ids.length === 0) problems.push({ field: attribute, error: `${attribute} must have at least one id` })
  reject(problems)
  return ids.map((id: string) => id.toLowerCase())
}
