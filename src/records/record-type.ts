import type { TSchema } from 'typebox'
import type { Problem } from '../schema/problem.js'
import {
  type AttributesSchema,
  attributeKind,
  type ColumnType,
  type FilterableAs,
} from './attribute-kinds.js'
import { type Column, columnsOf } from './columns.js'

type Attributes = Readonly<Record<string, unknown>>

/**
 * Copies of records of type `to` that a record holds, stored in `table` with the type `type`. In the table,
 * `holder_id` is the id of the record that holds them, and `source_id` the id of the original.
 */
export interface Snapshots {
  readonly attribute: string
  readonly to: RecordType
  readonly table: string
  readonly type: string
  /** The name of their schema in the document, if it does not follow from the type. */
  readonly documentedAs?: string
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
  /** Of a list of which one is selected: the holder's column with its id, and the name in `meta` that tells it. */
  readonly selection?: { readonly table: string; readonly column: string; readonly mark: string }
}

/**
 * `attribute` is a list whose elements are an id or `external_ref` of a record of type `to`, or such a
 * record's attributes. The referring record holds snapshots of them (docs/decisions/0041).
 */
export interface Reference extends Snapshots {
  /** Whether the list may be absent or empty. */
  readonly optional?: boolean
  /** Whether the whole list can be replaced in one request. */
  readonly replaceable?: boolean
}

/**
 * The record refers to one record of type `to`, and holds a copy of it and of what that one holds
 * (docs/decisions/0046). Exactly one of the attributes `offering_id`, `offering_external_ref` and `offering`
 * says which (contract 14); with the last, it is given inline, together with the lists of what it holds.
 */
export interface Content {
  /** `offering` */
  readonly attribute: string
  readonly to: RecordType
  /** The copies of what `to` holds by the same attributes. */
  readonly holds: readonly Snapshots[]
  /** The list of which one element is selected, and the attributes that select it by an id or `external_ref`. */
  readonly selects: {
    readonly attribute: string
    readonly id: string
    readonly ref: string
    /** The columns that take over attributes of what is selected, by the column's name. */
    readonly columns: Readonly<Record<string, string>>
  }
  /** The attribute with the currency that what is selected must have a price in, if anything has a price. */
  readonly currency: string
}

/** A column that holds no attribute of the record's own. */
export interface StoredColumn {
  readonly name: string
  readonly type: ColumnType
}

/** A condition in SQL that a value stands for, and how its rows are counted without reading all of them. */
export interface Condition {
  readonly where: string
  /** Conditions of which exactly one holds for each of its rows, and of which each has an index. */
  readonly parts?: readonly string[]
  /** The other value, if each row has either. */
  readonly allBut?: string
}

/**
 * How a list can be filtered by an attribute: by the column of that name, of which `reference` is matched
 * exactly, or by one of several conditions, by the value that stands for it.
 */
export type FilterKind =
  | FilterableAs
  | 'reference'
  | { readonly conditions: Readonly<Record<string, Condition>> }

/** How the answers for a type differ from its attributes (contract 14). */
export interface Answered {
  /** What is answered beside the record's own attributes, and which of these are not. */
  readonly attributes: Readonly<Record<string, TSchema>>
  readonly omitted: readonly string[]
  readonly meta: Readonly<Record<string, TSchema>>
  readonly timestamps: Readonly<Record<string, TSchema>>
  /** Further columns that are read, and SQL expressions by name. In these the database's clock has its say. */
  readonly columns: readonly string[]
  readonly computed: Readonly<Record<string, string>>
  /** @param stored by column, and what is computed. */
  of(stored: Attributes): AnsweredParts
}

/** The parts of an answer that differ. */
export interface AnsweredParts {
  readonly attributes: Attributes
  readonly meta: Attributes
  readonly timestamps: Attributes
}

/**
 * An action on a record: why it is refused, as conditions in SQL by the sentence, and what it sets, in SQL too, where
 * `statement_timestamp()` is the time.
 */
export interface Action {
  readonly refused: Readonly<Record<string, string>>
  readonly set: string
}

/** What can be done to the records of a type, and where it is noted (contract 14). */
export interface States {
  readonly table: string
  readonly type: string
  readonly actions: Readonly<Record<string, Action>>
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
  /** The columns for the copy of what its records refer to, and for what they select of it. */
  readonly contentColumns: readonly StoredColumn[]
  readonly references: readonly Reference[]
  readonly content?: Content
  /** All that its records hold copies of. */
  readonly holds: readonly Snapshots[]
  readonly filters: Readonly<Record<string, FilterKind>>
  /** What is wrong with attributes that are valid one by one. */
  readonly rules?: (attributes: Attributes) => readonly Problem[]
  /** The attributes that lie in the past, by the database's clock. */
  readonly past?: readonly string[]
  /** The attributes that few records have in common, and the code of the warning about those that do. */
  readonly rarelyShared?: Readonly<Record<string, 'repeated_account' | 'repeated_email'>>
  /** The attributes that a `PUT` may change. Absent: all. */
  readonly changeable?: readonly string[]
  /** Absent: its attributes are answered. */
  readonly answered?: Answered
  readonly states?: States
}

/** The types that a record type refers to. */
export const refersTo = ({ references, content }: RecordType): readonly RecordType[] => [
  ...references.map(({ to }) => to),
  ...(content ? [content.to] : []),
]

/** The same type with the attributes that a record has by itself. */
export const withoutReferences = ({ content: _, ...recordType }: RecordType): RecordType => ({
  ...recordType,
  references: [],
})

/** The name for the id of a record of this type: `offering_id`. */
export const holderIdName = ({ noun }: RecordType): string => `${noun}_id`

/**
 * Creates a record type from its declaration. The columns and filters follow from the kinds of its
 * attributes.
 */
export function defineRecordType(
  declared: Omit<RecordType, 'columns' | 'contentColumns' | 'references' | 'holds' | 'filters'> & {
    readonly references?: readonly Reference[]
    /** The attributes that its list can be filtered by. */
    readonly filters: readonly string[]
    /** What else its list can be filtered by: columns that follow from attributes, and conditions. */
    readonly furtherFilters?: Readonly<Record<string, FilterKind>>
  },
): RecordType {
  const { filters, furtherFilters, references = [], ...own } = declared
  const { attributes, content } = own
  const byAttribute = filters.map((name) => [name, filterableAs(attributes, name)])
  return {
    ...own,
    references,
    columns: columnsOf(attributes),
    contentColumns: content ? contentColumns(content) : [],
    holds: content ? content.holds : references,
    filters: { ...Object.fromEntries(byAttribute), ...furtherFilters },
  }
}

/** The copy of what the record refers to, under the other's noun, and the selection. */
function contentColumns({ to, selects }: Content): StoredColumn[] {
  const selected = new Map(
    to.holds
      .flatMap(({ attribute, to: { columns } }) => (attribute === selects.attribute ? columns : []))
      .map(({ name, type }) => [name, type] as const),
  )
  return [
    { name: holderIdName(to), type: 'uuid' },
    ...to.columns.map(({ name, type }): StoredColumn => ({ name: `${to.noun}_${name}`, type })),
    { name: selects.id, type: 'uuid' },
    ...Object.entries(selects.columns).map(([name, attribute]): StoredColumn => {
      const type = selected.get(attribute)
      if (type === undefined) throw new Error(`${attribute} is not a column of ${selects.attribute}`)
      return { name, type }
    }),
  ]
}

function filterableAs({ properties }: AttributesSchema, name: string): FilterableAs {
  const schema = properties[name]
  const filter = schema && attributeKind(schema).filter
  if (filter === undefined) throw new Error(`lists cannot be filtered by ${name}`)
  return filter
}
