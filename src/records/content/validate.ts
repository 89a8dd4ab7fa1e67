import type { TSchema } from 'typebox'
import { isObject } from '../../json/parse.js'
import { compile } from '../../schema/compile.js'
import { given } from '../../schema/given.js'
import { addProblem, type Problem } from '../../schema/problem.js'
import { typePredicate } from '../../schema/sentences.js'
import { Type } from '../../schema/type.js'
import { type PriceMap, planPrice } from '../plan-price.js'
import type { Content } from '../record-type.js'
import { elementsOf, namingAttributes, noPrice, selectedPlace, waysOf } from './content.js'

type Attributes = Record<string, unknown>

/** How the attributes of an inline record, and the elements of its lists, are validated. */
export interface InlineValidation {
  record(attribute: string, value: unknown, problems: Problem[]): void
  list(attribute: string, value: unknown, problems: Problem[]): void
}

/** How records name a content: what is the same for each of them. */
interface Naming {
  /** The attributes of which exactly one is given, and the same in a sentence. */
  readonly ways: readonly string[]
  readonly listed: string
  /** The attributes that count as absent if they are `null`, and those if they are empty. */
  readonly nullable: readonly string[]
  readonly refs: readonly string[]
  readonly problems: (value: unknown) => Problem[]
}

const known = new Map<Content, Naming>()

function namingOf(content: Content): Naming {
  let naming = known.get(content)
  if (!naming) {
    const { holds, selects } = content
    const { ref } = waysOf(content)
    const ways = Object.values(waysOf(content))
    naming = {
      ways,
      listed: `${ways.slice(0, -1).join(', ')} and ${ways.at(-1)}`,
      nullable: [...ways, selects.id, selects.ref, ...holds.map(({ attribute }) => attribute)],
      refs: [ref, selects.ref],
      problems: compile(Type.Object(namingAttributes(content) as Record<string, TSchema>)),
    }
    known.set(content, naming)
  }
  return naming
}

/** What is wrong with the id of another selection. Whether there is such a one, the database knows. */
export const selectedIdProblems = (content: Content, selected: unknown): readonly Problem[] =>
  namingOf(content).problems({ [content.selects.id]: selected })

/**
 * What is wrong with how a record selects another part of a content that stays what it is: it names no
 * content, so whatever belongs to an inline one has no place.
 *
 */
export function reselectionProblems(content: Content, attributes: Readonly<Attributes>): readonly Problem[] {
  const { nullable, refs, problems: namingProblems } = namingOf(content)
  const given = nullable.filter((name) => {
    const value = attributes[name]
    return value !== undefined && value !== null && !(value === '' && refs.includes(name))
  })
  const naming = Object.fromEntries(given.map((name) => [name, attributes[name]]))
  const problems = [...namingProblems(naming)]
  validateNamed(content, naming, (problem) => addProblem(problems, problem))
  return problems
}

/**
 * Adds what is wrong with how a record says what it refers to and what it selects of it (contract 14), as
 * far as its attributes show it. Those that count as absent, `null` and an empty `external_ref`, are
 * removed.
 *
 */
export function validateContent(
  content: Content,
  attributes: Attributes,
  inline: InlineValidation,
  problems: Problem[],
): void {
  const { ways, listed, nullable, refs, problems: namingProblems } = namingOf(content)
  for (const name of nullable) if (attributes[name] === null) delete attributes[name]
  for (const name of refs) if (attributes[name] === '') delete attributes[name]
  const add = (problem: Problem) => addProblem(problems, problem)
  for (const problem of namingProblems(attributes)) add(problem)
  const [way, another] = ways.filter((name) => attributes[name] !== undefined)
  const last = ways.at(-1) ?? ''
  if (way === undefined) add({ code: 'required', field: last, error: `one of ${listed} is required` })
  else if (another !== undefined) add(conflict(attributes, another, `only one of ${listed} may be given`))
  else if (way === last) validateInline(content, attributes, inline, problems)
  else validateNamed(content, attributes, add)
}

function validateNamed(
  { attribute, holds, selects }: Content,
  attributes: Attributes,
  add: (problem: Problem) => void,
) {
  for (const { attribute: list } of holds) {
    if (attributes[list] !== undefined)
      add(conflict(attributes, list, `${list} may only be given with ${attribute}`))
  }
  if (attributes[selects.id] !== undefined && attributes[selects.ref] !== undefined) {
    add(conflict(attributes, selects.ref, `only one of ${selects.id} and ${selects.ref} may be given`))
  }
}

const conflict = (attributes: Attributes, field: string, error: string): Problem => ({
  code: 'conflicting',
  field,
  error,
  value: given(attributes[field]),
})

function validateInline(
  content: Content,
  attributes: Attributes,
  inline: InlineValidation,
  problems: Problem[],
): void {
  const { attribute, holds, selects } = content
  const { id, ref } = waysOf(content)
  inline.record(attribute, attributes[attribute], problems)
  for (const { attribute: list } of holds) inline.list(list, attributes[list], problems)
  const add = (problem: Problem) => addProblem(problems, problem)
  if (attributes[selects.id] !== undefined) {
    add(conflict(attributes, selects.id, `${selects.id} may only be given with ${id} or ${ref}`))
  }
  const elements = attributes[selects.attribute]
  if (Array.isArray(elements)) validateMarks(selects.attribute, elements, add)
  // The lists are examined as a whole only when they are valid.
  if (problems.length > 0) return
  const selected = selectedPlace(content, attributes)
  if ('error' in selected) add(selected)
  else {
    const currency = String(attributes[content.currency])
    if (!hasInlinePrice(content, attributes, selected.place, currency)) add(noPrice(content, currency))
  }
}

function validateMarks(list: string, elements: readonly unknown[], add: (problem: Problem) => void): void {
  for (const [place, element] of elements.entries()) {
    const meta = isObject(element) ? element.meta : undefined
    const field = `${list}[${place}].meta`
    if (meta === undefined || meta === null) continue
    if (!isObject(meta)) add(wrongType(field, 'object', meta))
    else if (meta.selected !== undefined && meta.selected !== null && typeof meta.selected !== 'boolean') {
      add(wrongType(`${field}.selected`, 'boolean', meta.selected))
    }
  }
}

const wrongType = (field: string, type: string, value: unknown): Problem => ({
  code: 'wrong_type',
  field,
  error: `${field} ${typePredicate(type, value)}`,
  value: given(value),
})

/** Whether the selected one of an inline list has a price in a currency, or nothing has any price. */
export function hasInlinePrice(
  content: Content,
  attributes: Attributes,
  place: number,
  currency: string,
): boolean {
  const { holds, selects } = content
  const pricedBy = holds.find(({ attribute }) => attribute === selects.attribute)?.pricedBy ?? ''
  const plans = elementsOf(attributes, selects.attribute)
  const prices = elementsOf(attributes, pricedBy).map(({ price }) => (price ?? {}) as PriceMap)
  const hasAny = (map: unknown) => map !== undefined && Object.keys(map as PriceMap).length > 0
  if (!prices.some(hasAny) && !plans.some(({ fixed_price }) => hasAny(fixed_price))) return true
  let sum: bigint | undefined = 0n
  for (const price of prices) {
    const amount = Object.hasOwn(price, currency) ? price[currency]?.amount : undefined
    sum = sum === undefined || amount === undefined ? undefined : sum + BigInt(amount)
  }
  return hasPrice(plans[place] ?? {}, currency, sum?.toString())
}

/**
 * Whether a plan has a price in a currency.
 *
 * @param sum what the products cost together in it; undefined: not all of them have a price in it
 */
export function hasPrice(plan: Readonly<Attributes>, currency: string, sum: string | undefined): boolean {
  const base = sum === undefined ? [] : [{ [currency]: [sum, null] as const }]
  for (const prices of planPrice(plan, base)) if (Object.hasOwn(prices, currency)) return true
  return false
}
