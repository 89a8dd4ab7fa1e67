import type { AttributesSchema } from './attributes.js'

/** The PostgreSQL types that attributes are stored in. */
export type ColumnType = 'text' | 'uuid' | 'bigint' | 'double precision' | 'boolean' | 'jsonb'

/** One column of a record's table: where it comes from in the attributes. `path` has one step, or two for a flattened object. */
export interface Column {
  readonly name: string
  readonly type: ColumnType
  readonly path: readonly [string] | readonly [string, string]
}

type Attributes = Readonly<Record<string, unknown>>

/** A value as a parameter of a statement takes it: text forms for what PostgreSQL casts. */
export type ColumnValue = string | number | boolean | null

interface AttributeSchema {
  readonly type?: string
  readonly format?: string
  readonly properties?: Record<string, AttributeSchema>
}

/**
 * The columns of a record type: one an attribute. An object with fixed properties (`price_units`) is flattened to
 * `price_units_unit` and `price_units_amount`; a map with open keys (`price`) is `jsonb`.
 */
export function columnsOf(schema: AttributesSchema): readonly Column[] {
  return Object.entries(schema.properties as Record<string, AttributeSchema>).flatMap(([name, attribute]) =>
    attribute.properties
      ? Object.entries(attribute.properties).map(
          ([inner, property]): Column => ({
            name: `${name}_${inner}`,
            type: columnType(property),
            path: [name, inner],
          }),
        )
      : [{ name, type: columnType(attribute), path: [name] as const }],
  )
}

function columnType(attribute: AttributeSchema): ColumnType {
  switch (attribute.type) {
    case 'string':
      return attribute.format === 'uuid' ? 'uuid' : 'text'
    case 'integer':
      return 'bigint'
    case 'number':
      return 'double precision'
    case 'boolean':
      return 'boolean'
    default:
      return 'jsonb'
  }
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
