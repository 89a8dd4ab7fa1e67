import { type AttributesSchema, attributeKind, type FilterableAs } from './attribute-kinds.js'
import { type Column, columnsOf } from './columns.js'

/**
 * How a record type refers to another. Each kind has its own rules for the attribute and the storage
 * (docs/decisions/0041).
 */
export type Reference = ListReference | ContentReference

/**
 * `attribute` is a list whose elements are an id or `external_ref` of a record of type `to`, or such a
 * record's attributes. The referring record holds snapshots of them.
 */
export interface ListReference extends Snapshots {
  readonly kind: 'list'
  /** Whether the list may be absent or empty. */
  readonly optional?: boolean
  /** Whether the whole list can be replaced in one request. */
  readonly replaceable?: boolean
}

/**
 * The record refers to one record of type `to`, and holds a copy of it and of what that one holds. Exactly one
 * of the attributes `offering_id`, `offering_external_ref` and `offering` says which (contract 14); with the
 * last, it is given inline, together with the lists of what it holds.
 */
export interface ContentReference {
  readonly kind: 'content'
  /** `offering` */
  readonly attribute: string
  readonly to: RecordType
  /** The copies of what `to` holds under the same attributes. */
  readonly holds: readonly Snapshots[]
  /** The attributes that select one of the elements of a list, by its id or by its `external_ref`. */
  readonly selects: { readonly attribute: string; readonly id: string; readonly ref: string }
}

/**
 * Copies of records of type `to` that a record holds, stored in `table` with the type `type`. In the table,
 * `holder_id` is the id of the record that holds them, and `source_id` the id of the original.
 */
export interface Snapshots {
  readonly attribute: string
  readonly to: RecordType
  readonly table: string
  readonly type: string
  /** The list of the same record whose prices make up this one's `meta.price`. */
  readonly pricedBy?: string
  /**
   * Objects in the responses for its snapshots, name → description. They are empty, since nothing fills them
   * yet.
   */
  readonly objects?: Readonly<Record<string, string>>
  /**
   * The name under which the referring record shows, and can be filtered by, the `external_ref`s of its
   * snapshots.
   */
  readonly refsAttribute?: string
}

/**
 * A record type, from which everything else is derived: the validation of import lines and of API bodies, the
 * insert statement, the queries, the routes. A new type is one such file, one migration, and one line in
 * `index.ts`.
 */
export interface RecordType {
  /** The type's name on the wire: `subscription_product`. */
  readonly type: string
  /** The type's name in a sentence: `product`. */
  readonly noun: string
  /** The table's name, which is also the route's: `products`. */
  readonly table: string
  /** The attributes that a record of this type has by itself (contract 8), without lists of references. */
  readonly attributes: AttributesSchema
  /** The table's columns that hold the attributes. */
  readonly columns: readonly Column[]
  readonly references: readonly Reference[]
  readonly filters: Readonly<Record<string, FilterableAs>>
}

/** All that a record of a type holds copies of. */
export const holdsOf = ({ references }: RecordType): readonly Snapshots[] =>
  references.flatMap((reference) => (reference.kind === 'list' ? [reference] : reference.holds))

/** The name for the id of a record of this type: `offering_id`. */
export const holderIdName = ({ noun }: RecordType): string => `${noun}_id`

/**
 * Creates a record type from its declaration. The columns and filters follow from the kinds of its
 * attributes.
 */
export function defineRecordType(
  declared: Omit<RecordType, 'columns' | 'references' | 'filters'> & {
    readonly references?: readonly Reference[]
    /** The attributes that its list can be filtered by. */
    readonly filters: readonly string[]
    /** Columns that the database derives from attributes, and that its list can be filtered by as well. */
    readonly derivedFilters?: Readonly<Record<string, FilterableAs>>
  },
): RecordType {
  const { filters, derivedFilters, ...own } = declared
  const { attributes } = own
  const byAttribute = filters.map((name) => [name, filterableAs(attributes, name)])
  return {
    references: [],
    ...own,
    columns: columnsOf(attributes),
    filters: { ...Object.fromEntries(byAttribute), ...derivedFilters },
  }
}

function filterableAs({ properties }: AttributesSchema, name: string): FilterableAs {
  const schema = properties[name]
  const filter = schema && attributeKind(schema).filter
  if (filter === undefined) throw new Error(`lists cannot be filtered by ${name}`)
  return filter
}
