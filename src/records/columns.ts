import type { TSchema } from 'typebox'
import { toUtc } from '../schema/time.js'
import { type AttributesSchema, attributeKind, type ColumnType, isWriteOnly } from './attribute-kinds.js'

/**
 * One column of a record's table and the attribute it comes from. `path` has one step, or two for a group.
 */
export interface Column {
  readonly name: string
  readonly type: ColumnType
  readonly path: readonly [string] | readonly [string, string]
  /** It is never read, so no answer can have it. */
  readonly isWriteOnly: boolean
}

type Attributes = Readonly<Record<string, unknown>>

/** A value as a parameter of a statement: as text where PostgreSQL casts it. */
export type ColumnValue = string | number | boolean | null

/**
 * The columns of a record type, by the kinds of its attributes: one per attribute, or one per property of a
 * group.
 */
export function columnsOf({ properties }: AttributesSchema): readonly Column[] {
  return Object.entries(properties).flatMap(([name, attribute]): Column[] => {
    const type = attributeKind(attribute).column
    if (type !== undefined) return [{ name, type, path: [name], isWriteOnly: isWriteOnly(attribute) }]
    return Object.entries((attribute as AttributesSchema).properties).map(([inner, property]) => ({
      name: `${name}_${inner}`,
      type: columnTypeOf(property),
      path: [name, inner],
      isWriteOnly: false,
    }))
  })
}

function columnTypeOf(schema: TSchema): ColumnType {
  const { column } = attributeKind(schema)
  if (column === undefined) throw new Error('a group within a group has no column')
  return column
}

/** The value of a column for valid attributes; null if the attribute is absent. */
export function columnValue({ type, path }: Column, attributes: Attributes): ColumnValue {
  const outer = attributes[path[0]]
  const value = path[1] === undefined ? outer : (outer as Attributes | undefined | null)?.[path[1]]
  if (value === undefined || value === null) return null
  if (type === 'jsonb') return JSON.stringify(value)
  if (type === 'timestamptz') return toUtc(value as string) ?? null
  return value as ColumnValue
}

/** The attributes of a row. The attribute of a null column is absent. */
export function attributesOf(columns: readonly Column[], row: Attributes): Record<string, unknown> {
  const attributes: Record<string, unknown> = {}
  for (const { name, path } of columns) {
    const value = row[name]
    if (value === null || value === undefined) continue
    const [first, second] = path
    if (second === undefined) attributes[first] = value
    else {
      const outer = attributes[first] as Attributes | undefined
      attributes[first] = outer ? Object.assign(outer, { [second]: value }) : { [second]: value }
    }
  }
  return attributes
}
