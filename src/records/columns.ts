import type { TSchema } from 'typebox'
import { type AttributesSchema, attributeKind, type ColumnType } from './kinds.js'

/** One column of a record's table: where it comes from in the attributes. `path` has one step, or two for a group. */
export interface Column {
  readonly name: string
  readonly type: ColumnType
  readonly path: readonly [string] | readonly [string, string]
}

type Attributes = Readonly<Record<string, unknown>>

/** A value as a parameter of a statement takes it: text forms for what PostgreSQL casts. */
export type ColumnValue = string | number | boolean | null

/** The columns of a record type, by the kinds of its attributes: one an attribute, or one a property of a group. */
export function columnsOf({ properties }: AttributesSchema): readonly Column[] {
  return Object.entries(properties).flatMap(([name, attribute]): Column[] => {
    const type = attributeKind(attribute).column
    if (type !== undefined) return [{ name, type, path: [name] }]
    return Object.entries((attribute as AttributesSchema).properties).map(([inner, property]) => ({
      name: `${name}_${inner}`,
      type: columnTypeOf(property),
      path: [name, inner],
    }))
  })
}

function columnTypeOf(schema: TSchema): ColumnType {
  const { column } = attributeKind(schema)
  if (column === undefined) throw new Error('a group within a group has no column')
  return column
}

/** The value that valid attributes give a column; null where the attribute is absent. */
export function columnValue({ type, path }: Column, attributes: Attributes): ColumnValue {
  const outer = attributes[path[0]]
  const value = path[1] === undefined ? outer : (outer as Attributes | undefined | null)?.[path[1]]
  if (value === undefined || value === null) return null
  return type === 'jsonb' ? JSON.stringify(value) : (value as ColumnValue)
}

/** The attributes that a row holds. A null column's attribute is absent. */
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
