import { identityProblems, readData } from '../../http/body/json.js'
import { dataOf, named, uuid } from '../../http/operation/schemas.js'
import type { RecordType } from '../../records/record-type.js'
import { readChanges } from '../../records/write/read-changes.js'
import { Type } from '../../schema/type.js'
import { reject, within } from './problems.js'
import { documentedName, type Typed, typeOf } from './typed.js'

/** The body of a `PUT`. */
export const changesBody = (typed: Typed) =>
  dataOf(
    Type.Object({
      type: typeOf(typed),
      id: Type.Optional(uuid('As in the path.')),
      attributes: Type.Optional(named(`${documentedName(typed)}Changes`)),
    }),
  )

/** What a `PUT` changes. */
interface Changed {
  /** The resource's type, and its id in the path. */
  readonly type: string
  readonly id: string
  readonly recordType: RecordType
  /** Those that it has. */
  readonly attributes: Readonly<Record<string, unknown>>
  /** Those that are answered, where these differ. */
  readonly answered?: Readonly<Record<string, unknown>> | undefined
}

/**
 * Reads a `changesBody`. Changes are validated together with what they change, so the schema of the whole
 * record decides.
 *
 * @returns the new value of each attribute that is named; `null` clears it
 * @throws HttpError 400 with everything that is wrong
 */
export function readChangesBody(
  { type, id, recordType, attributes: present, answered }: Changed,
  body: unknown,
): Readonly<Record<string, unknown>> {
  const data = readData(body)
  const { attributes = {} } = data
  const { problems, changes } = readChanges(recordType, present, attributes, answered)
  reject([...identityProblems(data, type, id), ...within('attributes', problems)])
  return changes
}
