import { Type } from 'typebox'
import { operation } from '../../http/operation.js'
import { MAX_OFFSET } from '../../http/paging.js'
import { dataOf, listOf, pageParameters, schemaName, uuid } from '../../http/schemas.js'
import type { RecordType, Reference } from '../../records/record-type.js'
import { MAX_SNAPSHOTS } from '../../records/validate.js'
import { changesBody, resourceOf } from './schemas.js'

const tag = 'Records'

/** The documentation of the routes of what a record holds by one of its lists. */
export function snapshotOperations({ noun }: RecordType, reference: Reference, oneParameter: string) {
  const { attribute, to } = reference
  const name = schemaName(reference.type)
  const one = resourceOf(reference)
  const ofHolder = { id: noun }
  const ofOne = { id: noun, [oneParameter]: `${to.noun} in it, or of its original` }
  const idsBody = dataOf(
    Type.Object({
      [attribute]: Type.Array(uuid(`The id of a ${to.noun}.`), {
        minItems: 1,
        maxItems: MAX_SNAPSHOTS,
        description: `Which ${attribute}.`,
      }),
    }),
  )
  const several = (description: string) => ({ description, schema: dataOf(Type.Array(one)) })
  const changing = [400, 403, 404, 409, 413, 415] as const
  return {
    list: operation({
      id: `list${name}s`,
      tag,
      summary: `Lists the ${attribute} of an ${noun}, newest first.`,
      ids: ofHolder,
      query: pageParameters(MAX_OFFSET),
      answers: { 200: { description: `A page of its ${attribute}.`, schema: listOf(one) } },
      errors: [400, 404],
    }),
    attach: operation({
      id: `attach${name}s`,
      tag,
      summary: `Adds ${attribute} to an ${noun}, as they are now.`,
      ids: ofHolder,
      body: idsBody,
      answers: { 200: several('What was added.') },
      errors: changing,
    }),
    replace: operation({
      id: `replace${name}s`,
      tag,
      summary: `Makes these all the ${attribute} that an ${noun} has.`,
      ids: ofHolder,
      body: idsBody,
      answers: { 200: several(`All its ${attribute}.`) },
      errors: changing,
    }),
    update: operation({
      id: `update${name}`,
      tag,
      summary: `Changes a ${to.noun} within an ${noun}, and leaves its original alone.`,
      ids: ofOne,
      body: changesBody(reference),
      answers: { 200: { description: 'It, as it is now.', schema: dataOf(one) } },
      errors: changing,
    }),
    detach: operation({
      id: `detach${name}`,
      tag,
      summary: `Takes a ${to.noun} out of an ${noun}.`,
      ids: ofOne,
      answers: { 204: { description: 'It is detached.' } },
      errors: changing,
    }),
  }
}
