import type { TSchema } from 'typebox'
import { owner, timestamp, timestamps, uuid } from '../../http/operation/schemas.js'
import { type AttributesSchema, isWriteOnly, priceMap } from '../../records/attribute-kinds.js'
import type { Answered, RecordType, Snapshots } from '../../records/record-type.js'
import { Type } from '../../schema/type.js'
import { documentedName, type Typed, typeOf } from './typed.js'

/** The documented schemas of records and snapshots as they are sent, derived from the record types' own. */

/** The attributes in a response: those of the type that are answered, what else is, and the timestamps. */
function answeredAttributes({ properties, required = [] }: AttributesSchema, answered?: Answered): TSchema {
  const { attributes = {}, omitted = [] } = answered ?? {}
  const own = Object.entries(properties).filter(
    ([name, schema]) => !isWriteOnly(schema) && !omitted.includes(name),
  )
  return Type.Unsafe({
    type: 'object',
    properties: {
      ...Object.fromEntries(own),
      ...attributes,
      created_at: timestamp('When it was created.'),
      updated_at: timestamp('When it was last changed.'),
    },
    required: [
      ...required.filter((name) => !omitted.includes(name)),
      ...Object.keys(attributes),
      'created_at',
      'updated_at',
    ],
  })
}

function resource(
  schema: Typed & { readonly description: string },
  attributes: AttributesSchema,
  meta: Record<string, TSchema> = {},
  more: Record<string, TSchema> = {},
  answered?: Answered,
) {
  const { description } = schema
  return Type.Object(
    {
      id: uuid('The id.'),
      type: typeOf(schema),
      attributes: answeredAttributes(attributes, answered),
      meta: Type.Object({
        owner,
        timestamps: Type.Object({ ...timestamps.properties, ...answered?.timestamps }),
        ...answered?.meta,
        ...meta,
      }),
      ...more,
    },
    { $id: documentedName(schema), description },
  )
}

export const recordSchema = ({ type, noun, attributes, holds, answered }: RecordType) =>
  resource(
    { type, description: `A ${noun}.` },
    attributes,
    Object.fromEntries(
      holds.flatMap(({ refsAttribute, to }) =>
        refsAttribute === undefined
          ? []
          : [
              [
                refsAttribute,
                Type.Array(Type.String(), { description: `The external_refs of its first 100 ${to.table}.` }),
              ],
            ],
      ),
    ),
    holds.length === 0 ? {} : { relationships: relationshipsOf(holds) },
    answered,
  )

const relationshipsOf = (holds: readonly Snapshots[]) =>
  Type.Object(
    Object.fromEntries(
      holds.map((held) => [
        held.attribute,
        Type.Object({
          data: Type.Array(Type.Object({ id: uuid('The id.'), type: typeOf(held) }), {
            description: 'The first 100, or all if they are included.',
          }),
          links: Type.Object({
            related: Type.String({ format: 'uri-reference', description: 'Where they are listed.' }),
          }),
        }),
      ]),
    ),
  )

export const snapshotSchema = (held: Snapshots, { noun }: RecordType) => {
  const { to, pricedBy, objects = {}, selection } = held
  const { properties, required = [] } = to.attributes
  const further = Object.entries(objects).map(([name, description]) => [
    name,
    Type.Object({}, { additionalProperties: true, description }),
  ])
  return resource(
    {
      ...typedOf(held),
      description: `The ${noun}'s own copy of a ${to.noun}, which later changes of the original leave alone.`,
    },
    {
      ...to.attributes,
      properties: { ...properties, ...Object.fromEntries(further) },
      required: [...required, ...Object.keys(objects)],
    },
    {
      ...(pricedBy !== undefined && {
        price: Type.Optional(priceMap(`What it costs with the ${noun}'s ${pricedBy}, by currency.`)),
      }),
      ...(selection && {
        [selection.mark]: Type.Unsafe({
          type: ['boolean', 'null'],
          enum: [true, null],
          'x-kind': 'boolean',
          description: `Whether the ${noun} has selected it.`,
        }),
      }),
    },
  )
}

const typedOf = ({ type, documentedAs }: Typed): Typed => ({
  type,
  ...(documentedAs !== undefined && { documentedAs }),
})
