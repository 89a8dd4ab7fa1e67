import { type TSchema, Type } from 'typebox'

/**
 * The building blocks of the record types' attribute schemas (contract 8). Lengths are in code points, as JSON Schema
 * counts them. The format `text` is ours: no U+0000 and no unpaired surrogate, which PostgreSQL cannot store.
 */

export const text = (minLength: number, maxLength: number, description: string) =>
  Type.String({ format: 'text', ...(minLength > 0 && { minLength }), maxLength, description })

export const name = (noun: string) => text(3, 1024, `The ${noun}'s name.`)

export const description = (noun: string) => text(0, 1024, `What the ${noun} is, for people.`)

export const externalRef = text(
  0,
  2048,
  "A unique attribute for the record's identity in another system, for example. Unique in its owner and type.",
)

export const integer = (minimum: number, description: string) =>
  Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER, description })

/** A text of which only the listed ones are allowed. Written as JSON Schema's `enum`, which reads better than a union. */
export const oneOf = <const Values extends readonly string[]>(values: Values, description: string) =>
  Type.Unsafe<Values[number]>({ type: 'string', enum: [...values], description })

/**
 * Currency → amount: `{"USD": {"amount": 4750, "includes_tax": false}}`. An amount is stored as it stands, so what else
 * it has is taken out (contract 7: attributes that a type does not know are ignored): PostgreSQL might not store it.
 */
export const priceMap = (description: string) =>
  Type.Record(
    Type.String({ pattern: '^[A-Z]{3}$' }),
    Type.Object(
      {
        amount: Type.Integer({
          minimum: Number.MIN_SAFE_INTEGER,
          maximum: Number.MAX_SAFE_INTEGER,
          description: "The price in the currency's smallest unit.",
        }),
        includes_tax: Type.Optional(Type.Boolean({ description: 'Whether tax is included in the amount.' })),
      },
      { additionalProperties: false },
    ),
    { propertyNames: { pattern: '^[A-Z]{3}$' }, description },
  )

/** An attribute schema's own name for an object of attributes, so that nobody has to repeat TypeBox's generics. */
export type AttributesSchema = TSchema & {
  type: 'object'
  properties: Record<string, TSchema>
  required?: string[]
  /** Valid ones, for the documentation. */
  examples?: Record<string, unknown>[]
}
