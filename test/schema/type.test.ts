import { Type as TypeBox } from 'typebox'
import { describe, expect, test } from 'vitest'
import { Type } from '../../src/schema/type.js'

/** A schema of every kind, with options and without. */
const schemasBy = (type: typeof Type) => {
  const text = type.String({ minLength: 3 })
  return {
    array: type.Array(text, { maxItems: 2 }),
    boolean: type.Boolean(),
    integer: type.Integer({ minimum: 0, maximum: 9 }),
    literals: [type.Literal('a'), type.Literal(1), type.Literal(true, { description: 'Yes.' })],
    null: type.Null(),
    number: type.Number({ description: 'A number.' }),
    object: type.Object(
      { must: text, may: type.Optional(text), mayToo: type.Optional(type.Object({})) },
      { additionalProperties: false },
    ),
    optional: type.Optional(text),
    allOptional: type.Object({ may: type.Optional(type.Integer()) }),
    mustAsACopy: type.Object({ must: { ...type.Optional(text) } }),
    record: type.Record(type.String({ pattern: '^[A-Z]{3}$' }), text, { maxProperties: 5 }),
    union: type.Union([text, type.Null()], { description: 'One of them.' }),
    unsafe: type.Unsafe({ $ref: 'Named#' }),
  }
}

describe('A schema is what TypeBox would make of it', () => {
  test.each(Object.entries(schemasBy(Type)))('%s', (name, schema) => {
    const expected = schemasBy(TypeBox)[name as keyof ReturnType<typeof schemasBy>]
    expect(schema).toEqual(expected)
    // In the same order, in which the OpenAPI document has it.
    expect(JSON.stringify(schema)).toBe(JSON.stringify(expected))
  })
})
