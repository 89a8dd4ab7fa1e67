import type { TSchema } from 'typebox'
import { Type } from '../schema/type.js'

/*
 * The kinds of attributes (contract 8). Everything specific to an attribute follows from its kind, which its
 * schema names as `x-kind`: the checks in the schema itself, the column and its encoding for COPY
 * (`../db/copy/copy.ts`), what lists can be filtered by, how a PUT changes it, and the cell in which the
 * console shows it (`console/src/ui/value.tsx`). Lengths are in code points, as JSON Schema counts them.
 */

/** The PostgreSQL types that attributes are stored in. */
export type ColumnType = 'text' | 'uuid' | 'bigint' | 'double precision' | 'boolean' | 'timestamptz' | 'jsonb'

/** What a list can be filtered by (contract 5). `text`: eq, in, like; `uuid`: eq, in. */
export type FilterableAs = 'text' | 'uuid'

interface Kind {
  /** Absent: each of its properties has its own column. */
  readonly column?: ColumnType
  /** Absent: lists cannot be filtered by it. */
  readonly filter?: FilterableAs
  /**
   * A map whose keys come from the caller: a PUT merges it (RFC 7396), and error reports write `*` for a key.
   */
  readonly isMap?: true
}

const kinds = {
  text: { column: 'text', filter: 'text' },
  email: { column: 'text', filter: 'text' },
  uri: { column: 'text', filter: 'text' },
  uuid: { column: 'uuid', filter: 'uuid' },
  time: { column: 'timestamptz' },
  choice: { column: 'text' },
  integer: { column: 'bigint' },
  number: { column: 'double precision' },
  boolean: { column: 'boolean' },
  priceMap: { column: 'jsonb', isMap: true },
  group: {},
  variant: { column: 'jsonb' },
} as const satisfies Readonly<Record<string, Kind>>

export type KindName = keyof typeof kinds

/** An object of attributes as a schema, so that TypeBox's generics need not be repeated. */
export type AttributesSchema = TSchema & {
  type: 'object'
  properties: Record<string, TSchema>
  required?: string[]
  /** Valid values, for the documentation. */
  examples?: Record<string, unknown>[]
}

/** The kind of an attribute with this schema. */
export function attributeKind(schema: TSchema): Kind {
  const name = (schema as { readonly 'x-kind'?: KindName })['x-kind']
  if (name === undefined) throw new Error(`an attribute has no kind: ${JSON.stringify(schema)}`)
  return kinds[name]
}

const kind = (name: KindName) => ({ 'x-kind': name })

/** The format `text` is our own: no U+0000 and no unpaired surrogates, which PostgreSQL cannot store. */
export const text = (minLength: number, maxLength: number, description: string) =>
  Type.String({
    format: 'text',
    ...(minLength > 0 && { minLength }),
    maxLength,
    description,
    ...kind('text'),
  })

/**
 * A text of a certain form.
 *
 * @param form the form as the end of a sentence: `must be …`
 */
export const textOfForm = (pattern: RegExp, form: string, description: string) =>
  Type.String({ pattern: pattern.source, 'x-form': form, description, ...kind('text') })

export const name = (noun: string) => text(3, 1024, `The ${noun}'s name.`)

export const description = (noun: string) => text(0, 1024, `What the ${noun} is, for people.`)

export const externalRef = text(
  0,
  2048,
  "A unique attribute for the record's identity in another system, for example. Unique in its owner and type.",
)

/** An e-mail address by RFC 6531. */
export const email = (description: string) =>
  Type.String({ format: 'idn-email', minLength: 3, maxLength: 1024, description, ...kind('email') })

/** An absolute URI (RFC 3986). */
export const uri = (description: string) =>
  Type.String({ format: 'uri', maxLength: 1024, description, ...kind('uri') })

export const uuid = (description: string) => Type.String({ format: 'uuid', description, ...kind('uuid') })

/** A time by RFC 3339, kept to the microsecond. */
export const time = (description: string) =>
  Type.String({ format: 'date-time', description, ...kind('time') })

/** A currency, as ISO 4217 writes it. */
export const currency = (description: string) =>
  textOfForm(/^[A-Z]{3}$/, 'a currency code of three capital letters', description)

/** One of the listed texts. Written as JSON Schema's `enum`, which reads better than a union. */
export const oneOf = <const Values extends readonly string[]>(values: Values, description: string) =>
  Type.Unsafe<Values[number]>({ type: 'string', enum: [...values], description, ...kind('choice') })

/**
 * A status. `explainedBy` names the booleans beside it that say why it is what it is: `paused` says why
 * something is inactive.
 */
export const status = <const Values extends readonly string[]>(
  values: Values,
  explainedBy: readonly string[],
  description: string,
) => Type.Unsafe<Values[number]>({ ...oneOf(values, description), 'x-explained-by': explainedBy })

/** With a name for people, where the one for programs does not read well. */
export const titled = <Schema extends TSchema>(title: string, schema: Schema): Schema => ({
  ...schema,
  title,
})

export const integer = (minimum: number, description: string) =>
  Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER, description, ...kind('integer') })

export const number = (minimum: number, maximum: number, description: string) =>
  Type.Number({ minimum, maximum, description, ...kind('number') })

export const boolean = (description: string) => Type.Boolean({ description, ...kind('boolean') })

/** How many codes of three capital letters there are. */
const CURRENCY_CODES = 26 ** 3

/**
 * Currency → amount: `{"USD": {"amount": 4750, "includes_tax": false}}`. An amount is stored as it is, so
 * anything else in it is removed (contract 7: attributes that a type does not know are ignored): PostgreSQL
 * might not be able to store it.
 */
export const priceMap = (description: string) =>
  Type.Record(
    Type.String({ pattern: '^[A-Z]{3}$' }),
    Type.Object(
      {
        amount: integer(Number.MIN_SAFE_INTEGER, "The price in the currency's smallest unit."),
        includes_tax: Type.Optional(boolean('Whether tax is included in the amount.')),
      },
      { additionalProperties: false },
    ),
    {
      propertyNames: { pattern: '^[A-Z]{3}$' },
      maxProperties: CURRENCY_CODES,
      description,
      ...kind('priceMap'),
    },
  )

/** A few attributes under one name, each with its own column: `price_units_unit`, `price_units_amount`. */
export const group = <Properties extends Record<string, TSchema>>(
  properties: Properties,
  description: string,
) => Type.Object(properties, { description, ...kind('group') })

/**
 * An object in one of several forms, distinguished by its `type`. It is stored whole; what a form does not
 * know is removed.
 */
export const variant = (forms: Readonly<Record<string, Record<string, TSchema>>>, description: string) =>
  Type.Unsafe<Readonly<Record<string, unknown>>>({
    type: 'object',
    discriminator: { propertyName: 'type' },
    oneOf: Object.entries(forms).map(([type, properties]) =>
      Type.Object(
        { type: titled('Kind', oneOf([type], 'The form.')), ...properties },
        { additionalProperties: false },
      ),
    ),
    description,
    ...kind('variant'),
  })

/** An attribute that is stored and used, and never answered (contract 8). */
export const writeOnly = <Schema extends TSchema>(schema: Schema): Schema => ({ ...schema, writeOnly: true })

export const isWriteOnly = (schema: TSchema): boolean => 'writeOnly' in schema && schema.writeOnly === true

/** A list within a `variant`. */
export const listOf = (item: Record<string, TSchema>, maxItems: number, description: string) =>
  Type.Array(Type.Object(item, { additionalProperties: false }), { minItems: 1, maxItems, description })
