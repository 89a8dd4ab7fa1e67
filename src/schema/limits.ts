import type { TSchema } from 'typebox'
import { isObject } from '../json/parse.js'
import { given } from './given.js'
import type { Problem } from './problem.js'

/** The part of a JSON Schema that says how many entries its lists and maps may have. */
interface Limited {
  readonly maxItems?: number
  readonly maxProperties?: number
  readonly properties?: Readonly<Record<string, Limited>>
  readonly oneOf?: readonly Limited[]
}

type TakeOut = (holder: Record<string, unknown>, path: string, found: Problem[]) => void

/** The sentences about a list or a map that has too many entries, without the name. */
export const tooManyItems = (limit: number): string => `must not have more than ${limit} elements`
export const tooManyProperties = (limit: number): string => `must have at most ${limit} currencies`

/**
 * Creates the function that removes from an object the lists and maps with more entries than the schema
 * allows, at any depth of properties, and reports each: the validator would create an error or more for each
 * of a million entries before anybody could stop it. Lists within lists and maps are not examined.
 */
export function limitsOf(schema: TSchema): (value: unknown) => readonly Problem[] {
  const takers = takersOf(schema as Limited)
  if (takers.length === 0) return () => NONE
  return (value) => {
    if (!isObject(value)) return NONE
    const found: Problem[] = []
    for (const take of takers) take(value, '', found)
    return found
  }
}

const NONE: readonly Problem[] = []

function takersOf({ properties = {}, oneOf = [] }: Limited): readonly TakeOut[] {
  const own = Object.entries(properties).flatMap(([name, limited]): TakeOut[] => {
    const { maxItems, maxProperties } = limited
    const inner = takersOf(limited)
    if (maxItems === undefined && maxProperties === undefined && inner.length === 0) return []
    return [
      (holder, path, found) => {
        const value = holder[name]
        const error = excessOf(value, limited)
        if (error !== undefined) {
          delete holder[name]
          const field = `${path}${name}`
          found.push({ code: 'too_many', field, error: `${field} ${error}`, value: given(value) })
        } else if (isObject(value)) for (const take of inner) take(value, `${path}${name}.`, found)
      },
    ]
  })
  return [...own, ...oneOf.flatMap(takersOf)]
}

function excessOf(value: unknown, { maxItems, maxProperties }: Limited): string | undefined {
  if (maxItems !== undefined && Array.isArray(value) && value.length > maxItems) return tooManyItems(maxItems)
  if (maxProperties !== undefined && isObject(value) && Object.keys(value).length > maxProperties) {
    return tooManyProperties(maxProperties)
  }
  return undefined
}
