import type { Resource } from './record'
import type { Schema } from './schema'

/** A value that records of a type have, and where it is in them. */
export interface Attribute {
  readonly name: string
  readonly schema: Schema
  readonly isRequired: boolean
  of(record: Resource): unknown
  /** Of a status: the names of the booleans that say why it is what it is, of those that are true. */
  reasonsOf(record: Resource): readonly string[]
}

/**
 * The properties of an object in a record as attributes.
 *
 * @param of the object's value in a record
 */
export const attributesIn = (
  { properties = {}, required = [] }: Schema = {},
  of: (record: Resource) => unknown,
): Attribute[] =>
  Object.entries(properties).map(([name, schema]) => ({
    name,
    schema,
    isRequired: required.includes(name),
    of: (record) => memberOf(of(record), name),
    reasonsOf: (record) =>
      (schema['x-explained-by'] ?? []).filter((reason) => memberOf(of(record), reason) === true),
  }))

const memberOf = (object: unknown, name: string): unknown =>
  typeof object === 'object' && object !== null
    ? (object as Readonly<Record<string, unknown>>)[name]
    : undefined

/**
 * What tells the values of a `variant` apart in a table: the properties that all forms have, themselves or in
 * the elements of their lists. Of a feature's configuration: the kind and the tag or tags.
 */
export function sharedByForms({ schema: { oneOf = [] }, isRequired, of }: Attribute): Attribute[] {
  const [first = [], ...others] = oneOf.map(propertiesOfForm)
  return first
    .filter(([name]) => others.every((form) => form.some(([other]) => other === name)))
    .map(([name, schema]) => ({
      name,
      schema,
      isRequired,
      of: (record) => memberOf(of(record), name) ?? inLists(of(record), name),
      reasonsOf: () => [],
    }))
}

const propertiesOfForm = ({ properties = {} }: Schema): (readonly [string, Schema])[] =>
  Object.entries(properties).flatMap(([name, schema]) => [
    [name, schema] as const,
    ...Object.entries(schema.items?.properties ?? {}),
  ])

/** A property of the elements of an object's lists. */
const inLists = (object: unknown, name: string): unknown[] =>
  Object.values(object ?? {}).flatMap((list: unknown) =>
    Array.isArray(list) ? list.map((element) => memberOf(element, name)) : [],
  )
