import type { TSchema } from 'typebox'
import { given } from '../../schema/given.js'
import type { Problem, ProblemCode } from '../../schema/problem.js'
import { Type } from '../../schema/type.js'
import { excerpt } from '../../text/text.js'
import { externalRef, uuid } from '../attribute-kinds.js'
import type { ColumnValue } from '../columns.js'
import { columnValue } from '../columns.js'
import { type Content, holderIdName, type RecordType } from '../record-type.js'

/*
 * A record that refers to the content of another one, as a subscription does to an offering's (contract 14):
 * how its attributes say which one and which plan, and what is taken out of them for the database.
 */

type Attributes = Readonly<Record<string, unknown>>

/** The three attributes of which exactly one says what is referred to: by id, by `external_ref`, and inline. */
export const waysOf = ({ attribute, to }: Content) => ({
  id: holderIdName(to),
  ref: `${attribute}_external_ref`,
  inline: attribute,
})

/** The attributes that name a record, or an element of one of its lists. */
export function namingAttributes(content: Content): Readonly<Record<string, TSchema>> {
  const { id, ref } = waysOf(content)
  const { to, selects } = content
  const element = elementNoun(content)
  return {
    [id]: Type.Optional(uuid(`The id of the ${to.noun}.`)),
    [ref]: Type.Optional({ ...externalRef, description: `The external_ref of the ${to.noun}.` }),
    [selects.id]: Type.Optional(selectedId(content)),
    [selects.ref]: Type.Optional({
      ...externalRef,
      description: `The external_ref of the selected ${element}.`,
    }),
  }
}

/** The attribute that selects an element by id. */
export const selectedId = (content: Content) =>
  uuid(`The id of the selected ${elementNoun(content)}, as it is held, or of its original.`)

/** The noun of the elements of which one is selected: `plan`. */
export const elementNoun = ({ holds, selects }: Content): string =>
  holds.find(({ attribute }) => attribute === selects.attribute)?.to.noun ?? ''

/** What a record selects of what it refers to. Absent: its only element. */
export interface Selector {
  /** The attribute that says it. */
  readonly field: string
  readonly by: 'id' | 'external_ref'
  readonly text: string
}

/** A record that is named, and what is selected of it. */
export interface NamedContent {
  /** The attribute that names it. */
  readonly field: string
  readonly by: 'id' | 'external_ref'
  readonly text: string
  readonly selector: Selector | undefined
  readonly currency: string
}

/** A record that is given inline, as the values of its columns, and those of what it holds, list by list. */
export interface InlineContent {
  readonly values: readonly ColumnValue[]
  readonly lists: readonly (readonly (readonly ColumnValue[])[])[]
  /** The place of the selected element in its list, from 0, and the values of `selects.columns`. */
  readonly selected: number
  readonly selectedValues: readonly ColumnValue[]
}

export type GivenContent = NamedContent | InlineContent

/** Whether attributes say what the record refers to the content of. `null` and an empty text say nothing. */
export const givesContent = (content: Content, attributes: Attributes): boolean =>
  Object.values(waysOf(content)).some((name) => !isNone(attributes[name]))

const isNone = (value: unknown): boolean => value === undefined || value === null || value === ''

/** Takes what a record refers to out of its valid attributes. */
export function contentOf(content: Content, attributes: Attributes): GivenContent {
  const { id, ref, inline } = waysOf(content)
  if (attributes[inline] !== undefined) return inlineContent(content, attributes)
  const by = attributes[id] === undefined ? 'external_ref' : 'id'
  const field = by === 'id' ? id : ref
  return {
    field,
    by,
    text: String(attributes[field]),
    selector: selectorOf(content, attributes),
    currency: String(attributes[content.currency]),
  }
}

/** How attributes select one element. */
export function selectorOf({ selects }: Content, attributes: Attributes): Selector | undefined {
  if (attributes[selects.id] !== undefined) {
    return { field: selects.id, by: 'id', text: String(attributes[selects.id]).toLowerCase() }
  }
  if (attributes[selects.ref] === undefined) return undefined
  return { field: selects.ref, by: 'external_ref', text: String(attributes[selects.ref]) }
}

function inlineContent(content: Content, attributes: Attributes): InlineContent {
  const { attribute, to, holds, selects } = content
  const selected = selectedPlace(content, attributes)
  const place = 'place' in selected ? selected.place : 0
  const element = elementsOf(attributes, selects.attribute)[place] ?? {}
  return {
    values: valuesOf(to, attributes[attribute] as Attributes),
    lists: holds.map((held) => elementsOf(attributes, held.attribute).map((one) => valuesOf(held.to, one))),
    selected: place,
    selectedValues: Object.values(selects.columns).map((name) => (element[name] ?? null) as ColumnValue),
  }
}

const valuesOf = ({ columns }: RecordType, attributes: Attributes): ColumnValue[] =>
  columns.map((column) => columnValue(column, attributes))

export const elementsOf = (attributes: Attributes, list: string): readonly Attributes[] =>
  attributes[list] as readonly Attributes[]

/** Which element of an inline list is selected, or what is wrong with the selection. */
export function selectedPlace(
  content: Content,
  attributes: Attributes,
): { readonly place: number } | Problem {
  const { selects } = content
  const elements = elementsOf(attributes, selects.attribute)
  const marked = elements.flatMap((element, place) => (isMarked(element) ? [place] : []))
  const ref = attributes[selects.ref]
  const at = (code: ProblemCode, field: string, error: string, value?: unknown): Problem => ({
    code,
    field,
    error,
    value: given(value),
  })
  if (ref !== undefined && marked.length > 0) {
    return at('conflicting', selects.ref, `only one of ${selects.ref} and meta.selected may be given`, ref)
  }
  if (marked[1] !== undefined) {
    return at(
      'conflicting',
      `${selects.attribute}[${marked[1]}].meta.selected`,
      `${selects.attribute}[${marked[0]}] is already selected`,
      true,
    )
  }
  if (ref !== undefined) {
    const fitting = elements.flatMap((element, place) => (element.external_ref === ref ? [place] : []))
    const [place] = fitting
    return place !== undefined && fitting.length === 1
      ? { place }
      : notOne(content, selects.ref, String(ref), fitting.length)
  }
  const place = marked[0] ?? (elements.length === 1 ? 0 : undefined)
  if (place !== undefined) return { place }
  const { length } = elements
  return at(
    'required',
    selects.ref,
    `one of the ${length} ${selects.attribute} must be selected, by ${selects.ref} or by meta.selected of one of them`,
  )
}

const isMarked = ({ meta }: Attributes): boolean =>
  (meta as { readonly selected?: unknown } | null | undefined)?.selected === true

/** The problem of a selector that fits none, or several. @param field the selector's attribute */
export function notOne(content: Content, field: string, text: string, fitting: number): Problem {
  const { to, selects } = content
  const quoted = `${elementNoun(content)} "${excerpt(text)}"`
  const those = `of the ${to.noun}'s ${selects.attribute}`
  const value = given(text)
  return fitting === 0
    ? { code: 'not_found', field, error: `${quoted} is not one ${those}`, value }
    : { code: 'ambiguous', field, error: `${quoted} is several ${those}`, value }
}

/** The problem of a selected element without a price. */
export const noPrice = (content: Content, currency: string): Problem => ({
  code: 'no_price',
  field: content.currency,
  error: `the selected ${elementNoun(content)} has no price in ${currency}`,
  value: currency,
})
