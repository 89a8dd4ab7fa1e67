import type { TSchema, Type as TypeBox } from 'typebox'

type Builders = Pick<
  typeof TypeBox,
  | 'Array'
  | 'Boolean'
  | 'Integer'
  | 'Literal'
  | 'Null'
  | 'Number'
  | 'Object'
  | 'Optional'
  | 'Record'
  | 'String'
  | 'Union'
  | 'Unsafe'
>

type Options = Readonly<Record<string, unknown>>
type Properties = Readonly<Record<string, TSchema>>

/** The schemas that an object may lack. */
const optional = new WeakSet<object>()

const ofType = (type: string) => (options?: Options) => ({ type, ...options })

const builders = {
  Array: (items: TSchema, options?: Options) => ({ type: 'array', items, ...options }),
  Boolean: ofType('boolean'),
  Integer: ofType('integer'),
  Literal: (value: unknown, options?: Options) => ({ type: typeof value, const: value, ...options }),
  Null: ofType('null'),
  Number: ofType('number'),
  Object(properties: Properties, options?: Options) {
    const required = Object.keys(properties).filter((name) => !optional.has(properties[name] ?? {}))
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...options }
  },
  Optional(schema: TSchema) {
    const copy = { ...schema }
    optional.add(copy)
    return copy
  },
  Record: (key: { readonly pattern: string }, value: TSchema, options?: Options) => ({
    type: 'object',
    patternProperties: { [key.pattern]: value },
    ...options,
  }),
  String: ofType('string'),
  Union: (anyOf: readonly TSchema[], options?: Options) => ({ anyOf, ...options }),
  Unsafe: (schema: TSchema) => ({ ...schema }),
}

/**
 * The schemas of TypeBox that we use, with its types. Its own code is 370 modules, which every start would load
 * twice, for the API and for the worker: a sixth of what a start takes.
 */
export const Type = builders as unknown as Builders
