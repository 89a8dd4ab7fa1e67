import type { TOptional, TSchema, TString } from 'typebox'
import type { Pool } from '../../db/pool.js'
import { validationError } from '../../http/errors.js'
import { type NamedHolder, namedSnapshots } from '../../records/read/snapshots.js'
import type { RecordType } from '../../records/record-type.js'
import { Type } from '../../schema/type.js'
import type { Caller } from '../../tenants/owners.js'
import { snapshotResources } from './resource.js'
import { resourceOf } from './typed.js'

interface IncludeParameter extends Record<string, TSchema> {
  include: TOptional<TString>
}

/** `include`, if there is anything to include. */
export function includeParameter({ holds }: RecordType): IncludeParameter {
  const names = holds.map(({ attribute }) => attribute)
  if (names.length === 0) return {} as IncludeParameter
  return {
    include: Type.Optional(
      Type.String({
        description: `What to include in the response, of ${names.join(', ')}, joined by commas.`,
        examples: [names.join(',')],
      }),
    ),
  }
}

/**
 * Reads `include=products,plans`.
 *
 * @param given anything, if the parameter is not declared.
 * @throws HttpError 400
 */
export function readInclude(given: unknown, { holds }: RecordType): ReadonlySet<string> {
  const names = String(given ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean)
  const known = holds.map(({ attribute }) => attribute)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    const takes = known.length > 0 ? `takes ${known.join(', ')}` : 'is not supported here'
    const error = `include ${takes}; it has "${unknown}"`
    throw validationError('', [{ code: 'not_one_of', field: 'include', error }])
  }
  return new Set(names)
}

/** What `include` adds to the documented response. */
export const includedOf = ({ holds }: RecordType): Record<string, TSchema> =>
  holds.length === 0
    ? {}
    : {
        included: Type.Optional(
          Type.Object(
            Object.fromEntries(
              holds.map((reference) => [
                reference.attribute,
                Type.Optional(Type.Array(resourceOf(reference))),
              ]),
            ),
            { description: 'What was requested with `include`.' },
          ),
        ),
      }

/**
 * The `included` of a response, as lists that are read while they are sent; nothing if nothing was requested.
 *
 * @param holders complete by the time the lists are read.
 */
export function included(
  pool: Pool,
  caller: Caller,
  recordType: RecordType,
  include: ReadonlySet<string>,
  holders: readonly NamedHolder[],
) {
  if (include.size === 0) return {}
  const lists = recordType.holds
    .filter(({ attribute }) => include.has(attribute))
    .map((reference) => [
      reference.attribute,
      snapshotResources({ pool, caller, recordType, reference }, namedSnapshots(pool, reference, holders)),
    ])
  return { included: Object.fromEntries(lists) }
}
