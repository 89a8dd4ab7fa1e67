import type { TSchema } from 'typebox'
import { oneOf, uuid } from '../../records/attribute-kinds.js'
import { recordTypes } from '../../records/index.js'
import { owner, timestamp, timestamps } from '../../records/meta.js'
import { holderIdName } from '../../records/record-type.js'
import { PROBLEM_CODES } from '../../schema/problem.js'
import { Type } from '../../schema/type.js'
import type { AttributeKind } from '../lists/filter.js'
import { operatorsOf } from '../lists/filter.js'
import { MAX_LIMIT } from '../lists/paging.js'

/** The parts that the documented schemas of all routes share (contract 2 to 5). */

export { owner, timestamp, timestamps, uuid }

/** A schema that was added with `app.addSchema` under this name, which is also its name in the document. */
export const named = <Named = unknown>(name: string) => Type.Unsafe<Named>({ $ref: `${name}#` })

/** `subscription_offering_plan` → `OfferingPlan`: a type's name in the document. */
export const schemaName = (type: string): string =>
  type
    .replace(/^subscription_/, '')
    .split('_')
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join('')

/** `{"data": …}` */
export const dataOf = <Data extends TSchema>(schema: Data) => Type.Object({ data: schema })

const link = (description: string) => Type.String({ format: 'uri', description })
const linkOrNull = (description: string) =>
  Type.Unsafe<string | null>({ type: ['string', 'null'], format: 'uri', description })

const count = (description: string, minimum = 0) => Type.Integer({ minimum, description })

/** Available to every route by their `$id`. */
export const sharedSchemas: readonly TSchema[] = [
  Type.Object(
    {
      errors: Type.Array(
        Type.Object({
          status: Type.String({ pattern: '^[1-5]\\d\\d$', description: 'The HTTP status.' }),
          title: Type.String({ description: 'What kind of error it is.' }),
          detail: Type.Optional(
            Type.String({ description: 'What is wrong: `<path>: <what>` if it is a field.' }),
          ),
          meta: Type.Optional(
            Type.Object(
              {
                id: Type.Optional(uuid('The id of what it conflicts with.')),
                code: Type.Optional(oneOf(PROBLEM_CODES, 'What is wrong with a field, in a stable word.')),
                ...Object.fromEntries(
                  recordTypes
                    .filter(({ references }) => references.length > 0)
                    .map((holder) => [
                      holderIdName(holder),
                      Type.Optional(uuid(`The ${holder.noun} that holds the record.`)),
                    ]),
                ),
                missing_ids: Type.Optional(
                  Type.Array(Type.String(), {
                    description: 'The references that lead nowhere, as they were given.',
                  }),
                ),
                request_id: Type.Optional(Type.String({ description: 'For finding the error in the logs.' })),
              },
              { description: 'What a program can act on.' },
            ),
          ),
        }),
        { minItems: 1, description: 'One entry per problem found.' },
      ),
    },
    { $id: 'Errors', description: 'The form of all errors.' },
  ),
  Type.Object(
    {
      current: link('This page.'),
      first: link('The first page.'),
      last: linkOrNull('The last page; null if there is only one page. Never past offset 10,000.'),
      prev: linkOrNull('The page before; null on the first one.'),
      next: linkOrNull('The page after; null on the last one.'),
    },
    { $id: 'ListLinks', description: 'Absolute URLs, with the given `filter` and `include`.' },
  ),
  Type.Object(
    {
      page: Type.Object({
        limit: count('How many records a page has.', 1),
        offset: count('How many records come before it.'),
        current: count('The number of this page, from 1.', 1),
        total: count('How many pages there are.'),
      }),
      results: Type.Object({ total: count('How many records there are.') }),
    },
    { $id: 'ListMeta' },
  ),
]

/** A page of a list. `more` is added to its three parts. */
export const listOf = (schema: TSchema, more: Record<string, TSchema> = {}) =>
  Type.Object({ data: Type.Array(schema), links: named('ListLinks'), meta: named('ListMeta'), ...more })

/** `page[offset]` and `page[limit]`. */
export const pageParameters = (maxOffset: number) => ({
  'page[offset]': Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: maxOffset,
      default: 0,
      description: 'How many records to skip: records, not pages.',
    }),
  ),
  'page[limit]': Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MAX_LIMIT,
      description: "How many records to return. Absent or 0: the store's page length, 25 unless set.",
    }),
  ),
})

/** `filter`, with the attributes that it can be about. */
export const filterParameter = (kinds: Readonly<Record<string, AttributeKind>>) => ({
  filter: Type.Optional(
    Type.Array(Type.String(), {
      'x-filters': Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, filterOf(kind)])),
      description: [
        '`op(attribute,value…)`; several, joined by `:` or in further `filter` parameters, must all hold. ' +
          'Quote a value with `\'` or `"` if it has characters other than `A-Za-z0-9@$_*.{}|+:/-` and inner spaces. ' +
          'With `like`, `*` at either end stands for any text, and case is ignored. Times are `YYYY-MM-DD`, RFC 3339 or milliseconds since 1970.',
        ...Object.entries(kinds).map(
          ([attribute, kind]) =>
            `- \`${attribute}\`: ${operatorsOf(kind).join(', ')}${typeof kind === 'object' ? ` (${kind.oneOf.join(', ')})` : ''}`,
        ),
      ].join('\n'),
      examples: [[exampleOf(kinds)]],
    }),
  ),
})

/** The same for programs. */
const filterOf = (kind: AttributeKind) => ({
  operators: operatorsOf(kind),
  ...(typeof kind === 'object' && { values: kind.oneOf }),
})

/** A filter by a text, if there is one, or by the first attribute that has few values. */
function exampleOf(kinds: Readonly<Record<string, AttributeKind>>): string {
  for (const [name, kind] of Object.entries(kinds)) if (kind === 'text') return `eq(${name},abc123)`
  for (const [name, kind] of Object.entries(kinds)) {
    if (typeof kind === 'object') return `eq(${name},${kind.oneOf[0]})`
  }
  return 'gt(created_at,2026-01-31)'
}
