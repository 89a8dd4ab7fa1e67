import { type TSchema, Type } from 'typebox'
import {
  dataOf,
  named,
  owner,
  schemaName,
  timestamp,
  timestamps,
  uuid,
} from '../../http/operation/schemas.js'
import type { JsonObject } from '../../json/parse.js'
import { type AttributesSchema, isWriteOnly, oneOf, priceMap } from '../../records/attribute-kinds.js'
import { recordTypes } from '../../records/index.js'
import type { RecordType, Reference } from '../../records/record-type.js'
import { MAX_SNAPSHOTS } from '../../records/validate.js'

/** The documented schemas of records, all derived from the record types' own (contract 8 and 9). */

/** The type of a record or snapshot, from which the document's names of its schemas are derived. */
export interface Typed {
  readonly type: string
}

export const typeOf = ({ type }: Typed) => oneOf([type], 'The type.')

/** The attributes as accepted in an import line and a `POST`. */
export const attributesOf = ({ type }: Typed) => named<JsonObject>(`${schemaName(type)}Attributes`)

/** The record, or snapshot, as it is sent. */
export const resourceOf = ({ type }: Typed) => named(schemaName(type))

/**
 * A schema as requests may use it: what `additionalProperties: false` removes from a value is not an error
 * (contract 7).
 */
const asTaken = (schema: AttributesSchema): AttributesSchema =>
  JSON.parse(
    JSON.stringify(schema, (key, value) =>
      key === 'additionalProperties' && value === false ? undefined : value,
    ),
  )

/** The attributes in a response: those of the type, and the timestamps. */
function answeredAttributes({ properties, required = [] }: AttributesSchema): TSchema {
  return Type.Unsafe({
    type: 'object',
    properties: {
      ...Object.fromEntries(Object.entries(properties).filter(([, schema]) => !isWriteOnly(schema))),
      created_at: timestamp('When it was created.'),
      updated_at: timestamp('When it was last changed.'),
    },
    required: [...required, 'created_at', 'updated_at'],
  })
}

function resource(
  schema: { readonly type: string; readonly description: string },
  attributes: AttributesSchema,
  meta: Record<string, TSchema> = {},
  more: Record<string, TSchema> = {},
) {
  const { type, description } = schema
  return Type.Object(
    {
      id: uuid('The id.'),
      type: typeOf(schema),
      attributes: answeredAttributes(attributes),
      meta: Type.Object({ owner, timestamps, ...meta }),
      ...more,
    },
    { $id: schemaName(type), description },
  )
}

const recordSchema = ({ type, noun, attributes, references }: RecordType) =>
  resource(
    { type, description: `A ${noun}.` },
    attributes,
    Object.fromEntries(
      references.flatMap(({ refsAttribute, to }) =>
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
    references.length === 0 ? {} : { relationships: relationshipsOf(references) },
  )

const relationshipsOf = (references: readonly Reference[]) =>
  Type.Object(
    Object.fromEntries(
      references.map((reference) => [
        reference.attribute,
        Type.Object({
          data: Type.Array(Type.Object({ id: uuid('The id.'), type: typeOf(reference) }), {
            description: 'The first 100, or all if they are included.',
          }),
          links: Type.Object({
            related: Type.String({ format: 'uri-reference', description: 'Where they are listed.' }),
          }),
        }),
      ]),
    ),
  )

const snapshotSchema = (reference: Reference, { noun }: RecordType) => {
  const { type, to, pricedBy, objects = {} } = reference
  const { properties, required = [] } = to.attributes
  const further = Object.entries(objects).map(([name, description]) => [
    name,
    Type.Object({}, { additionalProperties: true, description }),
  ])
  return resource(
    {
      type,
      description: `The ${noun}'s own copy of a ${to.noun}, which later changes of the original leave alone.`,
    },
    {
      ...to.attributes,
      properties: { ...properties, ...Object.fromEntries(further) },
      required: [...required, ...Object.keys(objects)],
    },
    pricedBy === undefined
      ? {}
      : { price: Type.Optional(priceMap(`What it costs with the ${noun}'s ${pricedBy}, by currency.`)) },
  )
}

/** An element of a list of references: a text that names a record, or an inline record. */
const elementOf = ({ to }: Reference) =>
  Type.Union([
    Type.String({
      format: 'text',
      description: `The id or else the external_ref of a ${to.noun} that is visible, or in the same file.`,
    }),
    attributesOf(to),
  ])

/** The lists of references that a record is created with, by name. */
const elementLists = ({ references }: RecordType) =>
  Object.fromEntries(
    references.map((reference) => [
      reference.attribute,
      Type.Array(elementOf(reference), {
        ...(!reference.optional && { minItems: 1 }),
        maxItems: MAX_SNAPSHOTS,
        description: `What becomes its ${reference.attribute}.`,
      }),
    ]),
  )

/** The attributes with the lists of references, as accepted in an import line and `build`. */
export const wholeAttributes = (recordType: RecordType, more: Record<string, TSchema> = {}) => {
  const { references } = recordType
  const { properties, required = [], examples = [] } = asTaken(recordType.attributes)
  const exampleLists = references.map(({ attribute, to }) => [
    attribute,
    [to.attributes.examples?.[0]?.external_ref],
  ])
  return Type.Unsafe<JsonObject>({
    type: 'object',
    properties: { ...more, ...properties, ...elementLists(recordType) },
    required: [
      ...required,
      ...references.filter(({ optional }) => !optional).map(({ attribute }) => attribute),
    ],
    examples: examples.map((example) => ({ ...example, ...Object.fromEntries(exampleLists) })),
  })
}

/** The attributes as accepted in a `PUT`: any of them. */
const changesSchema = ({ type }: Typed, attributes: AttributesSchema) =>
  Type.Unsafe({
    ...asChanges(asTaken(attributes)),
    $id: `${schemaName(type)}Changes`,
    description:
      'The attributes to change. `null` clears an optional one. Maps of prices are merged (RFC 7396): ' +
      'a currency that is `null` is removed, and those not named stay.',
  })

interface ObjectSchema extends TSchema {
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, ObjectSchema>>
  readonly patternProperties?: Readonly<Record<string, ObjectSchema>>
}

/** An object of which a request changes some properties: optional ones may be `null`. */
function asChanges({ required = [], ...schema }: ObjectSchema): TSchema {
  const { properties = {} } = schema
  const changed = Object.entries(properties).map(([name, inner]) => {
    const value = inner.patternProperties ? asMergedMap(inner) : inner
    return [name, required.includes(name) ? value : nullable(value)]
  })
  return { ...schema, properties: Object.fromEntries(changed) }
}

/** A map that is merged with the existing one, entry by entry. */
const asMergedMap = ({ patternProperties = {}, ...map }: ObjectSchema): TSchema => ({
  ...map,
  patternProperties: Object.fromEntries(
    Object.entries(patternProperties).map(([pattern, entry]) => [pattern, nullable(asChanges(entry))]),
  ),
})

const nullable = (schema: TSchema): TSchema => Type.Union([schema, Type.Null()])

const lineSchema = Type.Union(
  recordTypes.map((recordType) =>
    dataOf(
      Type.Object({
        type: typeOf(recordType),
        attributes: recordType.references.length > 0 ? wholeAttributes(recordType) : attributesOf(recordType),
      }),
    ),
  ),
  {
    $id: 'ImportLine',
    description:
      'One line of an import file. An optional attribute that is null, at any depth, counts as absent; so does an empty external_ref.',
  },
)

/** Every record type's schemas, by their `$id`. */
export const recordSchemas: readonly TSchema[] = [
  lineSchema,
  ...recordTypes.flatMap((recordType) => [
    {
      ...asTaken(recordType.attributes),
      $id: `${schemaName(recordType.type)}Attributes`,
      description:
        'An optional attribute that is null, at any depth, counts as absent; so does an empty external_ref.',
    },
    changesSchema(recordType, recordType.attributes),
    recordSchema(recordType),
    ...recordType.references.flatMap((reference) => [
      changesSchema(reference, reference.to.attributes),
      snapshotSchema(reference, recordType),
    ]),
  ]),
]
