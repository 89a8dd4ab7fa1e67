import { Type } from 'typebox'
import type { AttributeKind } from '../../http/filter.js'
import { operation } from '../../http/operation.js'
import { MAX_OFFSET } from '../../http/paging.js'
import { dataOf, filterParameter, pageParameters, schemaName } from '../../http/schemas.js'
import type { RecordType } from '../../records/record-type.js'
import {
  attributesOf,
  changesBody,
  includedOf,
  includeParameter,
  listOfRecords,
  resourceOf,
  typeOf,
  wholeAttributes,
} from './schemas.js'

const tag = 'Records'

const location = { location: Type.String({ description: "The record's path." }) }

/** The documentation of a record type's routes. `filters`: what its list can be filtered by. */
export function recordOperations(recordType: RecordType, filters: Readonly<Record<string, AttributeKind>>) {
  const { type, noun, table } = recordType
  const name = schemaName(type)
  const ids = { id: noun }
  const include = includeParameter(recordType)
  const one = dataOf(resourceOf(recordType))
  const created = { 201: { description: `The ${noun}.`, schema: one, headers: location } }
  return {
    list: operation({
      id: `list${name}s`,
      tag,
      summary: `Lists ${table}, newest first.`,
      query: { ...pageParameters(MAX_OFFSET), ...filterParameter(filters), ...include },
      answers: { 200: { description: `A page of ${table}.`, schema: listOfRecords(recordType) } },
      errors: [400],
    }),
    get: operation({
      id: `get${name}`,
      tag,
      summary: `Answers one of the ${table}.`,
      ids,
      query: include,
      answers: {
        200: {
          description: `The ${noun}.`,
          schema: Type.Object({ ...one.properties, ...includedOf(recordType) }),
        },
      },
      errors: [400, 404],
    }),
    create: operation({
      id: `create${name}`,
      tag,
      summary: `Creates a ${noun}, by the same rules as an import.`,
      body: dataOf(Type.Object({ type: typeOf(recordType), attributes: attributesOf(recordType) })),
      answers: created,
      errors: [400, 409, 413, 415],
    }),
    build: operation({
      id: `build${name}`,
      tag,
      summary: `Creates a ${noun} together with what it holds.`,
      body: dataOf(wholeAttributes(recordType, { type: Type.Optional(typeOf(recordType)) })),
      answers: created,
      errors: [400, 409, 413, 415],
    }),
    update: operation({
      id: `update${name}`,
      tag,
      summary: `Changes a ${noun}.`,
      ids,
      body: changesBody(recordType),
      answers: { 200: { description: `The ${noun} as it is now.`, schema: one } },
      errors: [400, 403, 404, 409, 413, 415],
    }),
    remove: operation({
      id: `delete${name}`,
      tag,
      summary: `Deletes a ${noun}.`,
      ids,
      answers: { 204: { description: 'It is deleted.' } },
      errors: [400, 403, 404, 409, 413, 415],
    }),
  }
}
