import type { TSchema } from 'typebox'
import { isObject, type JsonObject } from '../json.js'

/** The attribute of every type that counts as absent where it is empty, too (contract 7). */
const EXTERNAL_REF = 'external_ref'

/** The part of a JSON Schema that says what an object may lack. */
interface Shape {
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Shape>>
  readonly patternProperties?: Readonly<Record<string, Shape>>
}

/**
 * Makes the function that removes from an object what counts as absent (contract 7 and 9): an optional property that is
 * `null`, at every depth of the schema, and an empty `external_ref`. Of a map every key that its pattern allows is
 * optional. What the schema does not know is left as it is.
 */
export function absenceOf(schema: TSchema): (value: JsonObject) => void {
  return removerOf(schema as Shape) ?? (() => {})
}

/** Undefined: objects of this shape have nothing that could be absent. */
function removerOf({ properties, patternProperties, required = [] }: Shape) {
  if (!properties && !patternProperties) return undefined
  const optional = Object.keys(properties ?? {}).filter((name) => !required.includes(name))
  const inner = Object.entries(properties ?? {}).flatMap(([name, shape]) => {
    const remove = removerOf(shape)
    return remove ? [{ name, remove }] : []
  })
  const maps = Object.entries(patternProperties ?? {}).map(([pattern, shape]) => ({
    pattern: new RegExp(pattern, 'u'),
    remove: removerOf(shape),
  }))
  return (value: JsonObject): void => {
    for (const name of optional) {
      const given = value[name]
      if (given === null || (given === '' && name === EXTERNAL_REF)) delete value[name]
    }
    for (const { name, remove } of inner) {
      const given = value[name]
      if (isObject(given)) remove(given)
    }
    for (const { pattern, remove } of maps) {
      for (const key of Object.keys(value)) {
        const given = value[key]
        if (given === null) {
          if (pattern.test(key)) delete value[key]
        } else if (remove && isObject(given)) remove(given)
      }
    }
  }
}
