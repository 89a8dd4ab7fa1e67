import { isDeepStrictEqual } from 'node:util'
import { isObject } from '../../json/parse.js'
import type { Problem } from '../../schema/problem.js'
import { attributeKind } from '../attribute-kinds.js'
import { type Column, columnValue } from '../columns.js'
import { waysOf } from '../content/content.js'
import { selectedIdProblems } from '../content/validate.js'
import { type RecordType, withoutReferences } from '../record-type.js'
import { NO_OBJECT, validateRecord } from '../validate.js'

type Attributes = Readonly<Record<string, unknown>>

/** The result of reading a `PUT`: its problems, or else the new value of each attribute that it names. */
export interface ReadChanges {
  readonly problems: readonly Problem[]
  /** `null`: the attribute is cleared. */
  readonly changes: Attributes
}

/**
 * Reads changes of a record's attributes, and validates them together with the current ones (contract 9).
 * `null` clears an optional attribute, as an empty `external_ref` does; maps of prices are merged by RFC
 * 7396.
 *
 * @param answered the attributes as they are answered, where that differs
 */
export function readChanges(
  recordType: RecordType,
  attributes: Attributes,
  changes: unknown,
  answered: Attributes = {},
): ReadChanges {
  if (!isObject(changes)) {
    return { problems: [NO_OBJECT], changes: {} }
  }
  const merged = mergeAttributes(recordType, attributes, changes)
  const problems = [
    ...fixedAttributes(recordType, attributes, changes),
    ...fixedContent(recordType, answered, changes),
    ...validateRecord(withoutReferences(recordType), merged),
    ...selectionProblems(recordType, changes),
  ]
  const { changeable = Object.keys(recordType.attributes.properties) } = recordType
  const named = changeable.filter((name) => Object.hasOwn(changes, name))
  return { problems, changes: Object.fromEntries(named.map((name) => [name, merged[name] ?? null])) }
}

/** A record's attributes with changes. Maps of prices are merged by RFC 7396; `null` stays for validation. */
export function mergeAttributes(
  recordType: RecordType,
  attributes: Attributes,
  changes: Attributes,
): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...attributes, ...changes }
  for (const [name, schema] of Object.entries(recordType.attributes.properties)) {
    if (attributeKind(schema).isMap && Object.hasOwn(changes, name)) {
      merged[name] = mergeMaps(attributes[name], changes[name])
    }
  }
  return merged
}

/** Attributes that cannot change may be named only as they are. */
function fixedAttributes(
  { columns, changeable }: RecordType,
  attributes: Attributes,
  changes: Attributes,
): readonly Problem[] {
  if (!changeable) return []
  return columns.flatMap((column) => {
    const [name] = column.path
    if (changeable.includes(name) || !Object.hasOwn(changes, name)) return []
    const isSame = asCompared(column, changes) === asCompared(column, attributes)
    return isSame ? [] : [fixed(name)]
  })
}

/** Nor can what a record refers to: it may be named only as it is answered. */
function fixedContent(
  { content }: RecordType,
  answered: Attributes,
  changes: Attributes,
): readonly Problem[] {
  if (!content) return []
  const lists = content.holds.map(({ attribute }) => attribute)
  return [...Object.values(waysOf(content)), content.selects.ref, ...lists].flatMap((name) => {
    const change = changes[name] ?? undefined
    return change === undefined || isDeepStrictEqual(change, answered[name]) ? [] : [fixed(name)]
  })
}

const fixed = (name: string): Problem => ({
  code: 'not_changeable',
  field: name,
  error: `${name} cannot be changed`,
})

function asCompared(column: Column, attributes: Attributes): unknown {
  const value = columnValue(column, attributes)
  return column.type === 'uuid' && typeof value === 'string' ? value.toLowerCase() : value
}

/** What is wrong with the id of another selection. Whether there is such a one, the database knows. */
function selectionProblems({ content }: RecordType, changes: Attributes): readonly Problem[] {
  if (!content || !Object.hasOwn(changes, content.selects.id)) return []
  return selectedIdProblems(content, changes[content.selects.id])
}

/**
 * Merges a map of objects by RFC 7396. `null` is kept: validation removes it. Entries are defined and not
 * assigned, since a key may be `__proto__`.
 */
function mergeMaps(map: unknown, changes: unknown): unknown {
  if (!isObject(map) || !isObject(changes)) return changes
  const merged = Object.entries(changes).map(([key, change]) => {
    const entry = Object.hasOwn(map, key) ? map[key] : undefined
    return [key, isObject(entry) && isObject(change) ? { ...entry, ...change } : change]
  })
  return { ...map, ...Object.fromEntries(merged) }
}
