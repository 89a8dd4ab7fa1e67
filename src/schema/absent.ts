import type { TSchema } from 'typebox'
import { isObject, type JsonObject } from '../json/parse.js'

/** The attribute of every type that also counts as absent if it is empty (contract 7). */
const EXTERNAL_REF = 'external_ref'

/** The part of a JSON Schema that says which properties are optional. */
interface Shape {
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Shape>>
  readonly patternProperties?: Readonly<Record<string, Shape>>
  readonly items?: Shape
  readonly discriminator?: { readonly propertyName: string }
  readonly oneOf?: readonly Shape[]
  readonly enum?: readonly string[]
}

type Remove = (value: unknown) => void

/**
 * Creates the function that removes what counts as absent from an object (contract 7 and 9): an optional
 * property that is `null`, at every depth of the schema, and an empty `external_ref`. In a map, every key
 * that its pattern allows is optional. What the schema does not know is left as it is.
 */
export function absenceOf(schema: TSchema): Remove {
  return removerOf(schema as Shape) ?? (() => {})
}

/** Undefined: values of this shape have nothing that could be absent. */
function removerOf(shape: Shape): Remove | undefined {
  if (shape.items) return ofItems(shape.items)
  if (shape.discriminator) return ofForms(shape.discriminator.propertyName, shape.oneOf ?? [])
  return shape.properties || shape.patternProperties ? ofObject(shape) : undefined
}

function ofItems(items: Shape): Remove | undefined {
  const remove = removerOf(items)
  return (
    remove &&
    ((value) => {
      if (Array.isArray(value)) for (const item of value) remove(item)
    })
  )
}

/** @param name the property that says which of the shapes an object has */
function ofForms(name: string, shapes: readonly Shape[]): Remove {
  const removers = new Map(
    shapes.flatMap((shape) =>
      (shape.properties?.[name]?.enum ?? []).map((form) => [form, removerOf(shape)] as const),
    ),
  )
  return (value) => {
    if (isObject(value)) removers.get(String(value[name]))?.(value)
  }
}

function ofObject({ properties = {}, patternProperties = {}, required = [] }: Shape): Remove {
  const optional = Object.keys(properties).filter((name) => !required.includes(name))
  const inner = Object.entries(properties).flatMap(([name, shape]) => {
    const remove = removerOf(shape)
    return remove ? [{ name, remove }] : []
  })
  const maps = Object.entries(patternProperties).map(([pattern, shape]) => ({
    pattern: new RegExp(pattern, 'u'),
    remove: removerOf(shape),
  }))
  return (value) => {
    if (!isObject(value)) return
    for (const name of optional) {
      const given = value[name]
      if (given === null || (given === '' && name === EXTERNAL_REF)) delete value[name]
    }
    for (const { name, remove } of inner) remove(value[name])
    for (const { pattern, remove } of maps) removeEntries(value, pattern, remove)
  }
}

function removeEntries(map: JsonObject, pattern: RegExp, remove: Remove | undefined): void {
  for (const key of Object.keys(map)) {
    const given = map[key]
    if (given !== null) remove?.(given)
    else if (pattern.test(key)) delete map[key]
  }
}
