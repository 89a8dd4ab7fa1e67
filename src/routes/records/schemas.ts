import type { TSchema } from 'typebox'
import { dataOf, schemaName } from '../../http/operation/schemas.js'
import type { JsonObject } from '../../json/parse.js'
import type { AttributesSchema } from '../../records/attribute-kinds.js'
import { namingAttributes, waysOf } from '../../records/content/content.js'
import { recordTypes } from '../../records/index.js'
import type { Content, RecordType, Reference } from '../../records/record-type.js'
import { MAX_SNAPSHOTS } from '../../records/validate.js'
import { isReferring } from '../../records/write/referring.js'
import { Type } from '../../schema/type.js'
import { recordSchema, snapshotSchema } from './resource-schemas.js'
import { attributesOf, documentedName, type Typed, typeOf } from './typed.js'

/** The documented schemas of records as they are given, all derived from the record types' own (contract 8 and 9). */

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

/** The attributes with all that a record refers to, as accepted in an import line and `build`. */
export const wholeAttributes = (recordType: RecordType, more: Record<string, TSchema> = {}) => {
  const { references, content } = recordType
  const { properties, required = [], examples = [] } = asTaken(recordType.attributes)
  const exampleLists = references.map(({ attribute, to }) => [
    attribute,
    [to.attributes.examples?.[0]?.external_ref],
  ])
  return Type.Unsafe<JsonObject>({
    type: 'object',
    properties: {
      ...more,
      ...properties,
      ...elementLists(recordType),
      ...(content && givenContent(content)),
    },
    required: [
      ...required,
      ...references.filter(({ optional }) => !optional).map(({ attribute }) => attribute),
    ],
    examples: examples.map((example) => ({
      ...example,
      ...Object.fromEntries(exampleLists),
      ...(content && { [waysOf(content).ref]: content.to.attributes.examples?.[0]?.external_ref }),
    })),
  })
}

/** What says what a record refers to the content of: exactly one of three ways, with a selection. */
const givenContent = (content: Content): Record<string, TSchema> => ({
  ...namingAttributes(content),
  [content.attribute]: Type.Optional({
    ...asTaken(content.to.attributes),
    description: `The ${content.to.noun} inline, together with ${content.holds.map(({ attribute }) => attribute).join(' and ')}.`,
  }),
  ...Object.fromEntries(
    content.holds.map(({ attribute, to }) => [
      attribute,
      Type.Optional(
        Type.Array(attributesOf(to), {
          minItems: 1,
          maxItems: MAX_SNAPSHOTS,
          description: `The ${attribute} of an inline ${content.to.noun}. One with \`"meta": {"selected": true}\` is selected.`,
        }),
      ),
    ]),
  ),
})

/** The attributes that a `PUT` may change. */
function changeableAttributes({ attributes, changeable, content }: RecordType): AttributesSchema {
  if (!changeable) return attributes
  const all = { ...attributes.properties, ...(content && namingAttributes(content)) }
  const properties = Object.fromEntries(changeable.flatMap((name) => (all[name] ? [[name, all[name]]] : [])))
  return { ...attributes, properties, examples: [] }
}

/** The attributes as accepted in a `PUT`: any of them. */
const changesSchema = (typed: Typed, attributes: AttributesSchema) =>
  Type.Unsafe({
    ...asChanges(asTaken(attributes)),
    $id: `${documentedName(typed)}Changes`,
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
        attributes: isReferring(recordType) ? wholeAttributes(recordType) : attributesOf(recordType),
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
    changesSchema(recordType, changeableAttributes(recordType)),
    recordSchema(recordType),
    ...recordType.references.map((reference) => changesSchema(reference, reference.to.attributes)),
    ...recordType.holds.map((held) => snapshotSchema(held, recordType)),
  ]),
]
