import { givesWay, merged, problemsOf, withoutNulls, writeOver } from './patches.js'
import {
  type Attributes,
  type Content,
  FUTURE,
  type Ids,
  LISTS,
  type List,
  NOUNS,
  type Noun,
  PASSES,
  type Prices,
  type Problem,
} from './records.js'

/** The id of a record, or of a copy: '' until it is read from the database. */
interface Identified {
  id: string
}

/** A copy of a record, or of an inline one, as it was when its holder was written. */
export interface Copy extends Identified {
  readonly attributes: Attributes
  readonly source: Identified | undefined
}

/** What a record is made of besides its own attributes. */
export interface Held {
  readonly lists: Readonly<Partial<Record<List, readonly Copy[]>>>
  /** Of a subscription: what it subscribes to. */
  readonly subscribed?: {
    readonly source: Identified | undefined
    readonly offering: Attributes
    readonly plan: Copy
  }
}

/** A record as the oracle stores it. */
export interface Stored extends Identified {
  attributes: Attributes
  held: Held
  /** In a report: its line, or, from the next file on, its type and id. */
  place: string
}

/** What a file leads to. An error without a field is one about a whole line, whose sentence is not foretold. */
export interface Outcome {
  readonly imported: ReadonlyMap<Noun, number>
  readonly skipped: ReadonlyMap<Noun, number>
  readonly updated: ReadonlyMap<Noun, number>
  readonly unchanged: ReadonlyMap<Noun, number>
  /** Of an import that changes records: what each line did. */
  readonly changes: readonly (readonly [line: number, change: string])[]
  readonly errors: readonly (readonly [line: number, field: string, error: string])[]
}

/** What an owner has, according to the contract. */
export class Oracle {
  readonly stored: Readonly<Record<Noun, Stored[]>> = {
    product: [],
    plan: [],
    subscriber: [],
    offering: [],
    feature: [],
    subscription: [],
  }
  readonly #organization: Oracle | undefined

  constructor(organization?: Oracle) {
    this.#organization = organization
  }

  /** The ids of what there is. */
  get ids(): Ids {
    const idsOf = (all: readonly Identified[]) => all.map(({ id }) => id)
    return {
      product: idsOf(this.#visible('product')),
      plan: idsOf(this.#visible('plan')),
      feature: idsOf(this.#visible('feature')),
      offering: idsOf(this.#visible('offering')),
      copy: idsOf(this.#visible('offering').flatMap(({ held }) => held.lists.plans ?? [])),
    }
  }

  /** Processes a file, record by record. */
  work({ lines, onConflict }: Content): Outcome {
    const errors: [number, string, string][] = []
    const imported = new Map<Noun, number>()
    const skipped = new Map<Noun, number>()
    const changed = { updated: new Map<Noun, number>(), unchanged: new Map<Noun, number>() }
    const changes: [number, string][] = []
    const count = (counts: Map<Noun, number>, noun: Noun) => counts.set(noun, (counts.get(noun) ?? 0) + 1)
    // Holders from earlier files are named by their id; a line number always refers to the same file.
    for (const noun of NOUNS) for (const one of this.stored[noun]) one.place = `${noun} ${one.id}`
    for (const [index, { kind }] of lines.entries()) if (kind === 'garbage') errors.push([index + 1, '', ''])
    for (const pass of PASSES) {
      for (const [index, line] of lines.entries()) {
        if (line.kind !== 'record' || !pass.includes(line.noun)) continue
        const { noun } = line
        const given = withoutEmptyRef(line.attributes)
        const { external_ref: ref } = given
        const holder = ref === undefined ? undefined : find(this.stored[noun], ref)
        const isPatch = onConflict === 'patch'
        const before = isPatch && holder ? holder : undefined
        const attributes = before ? merged(before.attributes, given) : withoutNulls(given)
        const problems = isPatch ? problemsOf(noun, attributes, line.problems, !holder) : line.problems
        const judged =
          problems.length > 0
            ? problems
            : before
              ? this.#judgePatch(noun, attributes, before, given)
              : this.#judge(noun, attributes)
        if (!('lists' in judged)) {
          errors.push(
            ...judged.map(([field, error]) => [index + 1, field, error] as [number, string, string]),
          )
          continue
        }
        if (holder && onConflict === 'reject') {
          errors.push([
            index + 1,
            'external_ref',
            `external_ref ${quoted(ref)} is already used by ${holder.place}`,
          ])
        } else if (holder && onConflict === 'skip') count(skipped, noun)
        else {
          const change = holder ? writeOver(holder, attributes, judged) : 'created'
          if (!holder)
            this.stored[noun].push({ attributes, held: judged, place: `line ${index + 1}`, id: '' })
          count(imported, noun)
          if (change !== 'created') count(changed[change], noun)
          changes.push([index + 1, change])
        }
      }
    }
    const byLine = ([a]: readonly [number, ...unknown[]], [b]: readonly [number, ...unknown[]]) => a - b
    return { imported, skipped, ...changed, changes: changes.sort(byLine), errors: errors.sort(byLine) }
  }

  /** What can be referred to: an owner's own first, then its organization's. */
  #visible(noun: Noun): readonly Stored[] {
    return [...this.stored[noun], ...(this.#organization?.stored[noun] ?? [])]
  }

  #judge(noun: Noun, attributes: Attributes): readonly Problem[] | Held {
    if (noun === 'offering') return this.#offering(attributes)
    return noun === 'subscription' ? this.#subscription(attributes) : { lists: {} }
  }

  /** Of a record that is there, what the patch does not give stays. A list that it clears is empty. */
  #judgePatch(
    noun: Noun,
    attributes: Attributes,
    { held }: Stored,
    patch: Attributes,
  ): readonly Problem[] | Held {
    if (noun === 'offering') {
      const judged = this.#offering(attributes)
      if (!('lists' in judged)) return judged
      const given = Object.entries(judged.lists).filter(([list]) => list in patch)
      return { lists: { ...held.lists, ...Object.fromEntries(given) } }
    }
    if (noun !== 'subscription') return { lists: {} }
    return givesWay(attributes) ? this.#subscription(attributes) : reselected(attributes, held)
  }

  #offering(attributes: Attributes): readonly Problem[] | Held {
    const problems: Problem[] = []
    const lists: Partial<Record<List, Copy[]>> = {}
    for (const [list, noun] of Object.entries(LISTS) as [List, Noun][]) {
      const named: (Stored | undefined)[] = []
      lists[list] = (attributes[list] ?? []).flatMap((element, index): Copy[] => {
        if (typeof element !== 'string') {
          named.push(undefined)
          return [copyOf(element)]
        }
        const source = findById(this.#visible(noun), element) ?? find(this.#visible(noun), element)
        const before = source ? named.indexOf(source) : -1
        named.push(source)
        const is = (what: string) =>
          problems.push([`${list}[${index}]`, `${noun} ${quoted(element)} ${what}`])
        if (!source) is('was not found')
        else if (before >= 0) is(`is already named by ${list}[${before}]`)
        else return [copyOf(source.attributes, source)]
        return []
      })
    }
    return problems.length > 0 ? problems : { lists }
  }

  #subscription(attributes: Attributes): readonly Problem[] | Held {
    const held = attributes.offering
      ? inlineContent({ ...attributes, offering: attributes.offering })
      : this.#namedContent(attributes)
    const isInlineProblem = !('lists' in held) && attributes.offering !== undefined
    // What the line alone shows is said before anything is looked up.
    return isInlineProblem ? held : notTooLate(attributes, held)
  }

  #namedContent(attributes: Attributes): readonly Problem[] | Held {
    const { offering_id: id, offering_external_ref: ref = '', plan_id, currency = '' } = attributes
    const selected = attributes.selected_plan || undefined
    const offerings = this.#visible('offering')
    const source = id === undefined ? find(offerings, ref) : findById(offerings, id)
    if (!source) {
      const field = id === undefined ? 'offering_external_ref' : 'offering_id'
      return [[field, `offering ${quoted(id ?? ref)} was not found`]]
    }
    const { products = [], plans = [] } = source.held.lists
    const fitting = selectedOf(plans, attributes)
    const [plan] = fitting
    if (!plan || fitting.length > 1) {
      const selector = plan_id?.toLowerCase() ?? selected
      if (selector !== undefined) {
        return [[plan_id === undefined ? 'selected_plan' : 'plan_id', notOne(selector, fitting.length)]]
      }
      const those = `one of the offering's ${plans.length} plans`
      return [['plan_id', `${those} must be selected, by plan_id or selected_plan`]]
    }
    if (!hasPrice(plan, products, plans, currency)) return [noPrice(currency)]
    const subscribed = {
      source,
      offering: source.attributes,
      plan: copyOf(plan.attributes, originalOf(plan)),
    }
    const copies = (all: readonly Copy[]) =>
      all.map((one) => (one === plan ? subscribed.plan : copyOf(one.attributes, originalOf(one))))
    return { lists: { products: copies(products), plans: copies(plans) }, subscribed }
  }
}

function notTooLate(attributes: Attributes, held: readonly Problem[] | Held): readonly Problem[] | Held {
  const tooLate = (['started_at', 'paused_at', 'canceled_at'] as const)
    .filter((time) => FUTURE.has(attributes[time] ?? ''))
    .map((time): Problem => [time, `${time} must not be in the future`])
  if ('lists' in held) return tooLate.length > 0 ? tooLate : held
  return [...held, ...tooLate]
}

/** The plans that are selected by id or reference; all of them if nothing says it. */
function selectedOf(plans: readonly Copy[], { plan_id, selected_plan }: Attributes): readonly Copy[] {
  const selected = selected_plan || undefined
  return plans.filter((one) => {
    if (plan_id !== undefined) return isId(one, plan_id) || (one.source && isId(one.source, plan_id))
    return selected === undefined || one.attributes.external_ref === selected
  })
}

/** A subscription that keeps what it holds, perhaps with another plan or currency. */
function reselected(attributes: Attributes, held: Held): readonly Problem[] | Held {
  const { subscribed } = held
  if (!subscribed) throw new Error('a subscription has no offering')
  const { plan_id, currency = '' } = attributes
  const selector = plan_id?.toLowerCase() ?? (attributes.selected_plan || undefined)
  const { products = [], plans = [] } = held.lists
  const fitting = selector === undefined ? [subscribed.plan] : selectedOf(plans, attributes)
  const [plan] = fitting
  if (selector !== undefined && (!plan || fitting.length > 1)) {
    return notTooLate(attributes, [
      [plan_id === undefined ? 'selected_plan' : 'plan_id', notOne(selector, fitting.length)],
    ])
  }
  if (!plan || !hasPrice(plan, products, plans, currency)) return notTooLate(attributes, [noPrice(currency)])
  return notTooLate(attributes, { ...held, subscribed: { ...subscribed, plan } })
}

/** A subscription that brings its offering along. */
function inlineContent(
  attributes: Attributes & { readonly offering: Attributes },
): readonly Problem[] | Held {
  const { offering, currency = '' } = attributes
  const copies = (list: Attributes['plans'] = []) =>
    list.flatMap((one) => (typeof one === 'string' ? [] : [copyOf(one)]))
  const products = copies(attributes.products)
  const plans = copies(attributes.plans)
  const marked = (attributes.plans ?? []).flatMap((one, index) =>
    typeof one !== 'string' && one.meta?.selected ? [index] : [],
  )
  const selected = attributes.selected_plan || undefined
  if (selected !== undefined && marked.length > 0) {
    return [['selected_plan', 'only one of selected_plan and meta.selected may be given']]
  }
  if (marked.length > 1) {
    return [[`plans[${marked[1]}].meta.selected`, `plans[${marked[0]}] is already selected`]]
  }
  const fitting = plans.filter((one, index) => {
    if (marked.length > 0) return index === marked[0]
    return selected === undefined || one.attributes.external_ref === selected
  })
  const [plan] = fitting
  if (!plan || fitting.length > 1) {
    if (selected !== undefined) return [['selected_plan', notOne(selected, fitting.length)]]
    const how = 'by selected_plan or by meta.selected of one of them'
    return [['selected_plan', `one of the ${plans.length} plans must be selected, ${how}`]]
  }
  if (!hasPrice(plan, products, plans, currency)) return [noPrice(currency)]
  const subscribed = { source: undefined, offering: withoutEmptyRef(offering), plan }
  return { lists: { products, plans }, subscribed }
}

/** An `external_ref` that is empty counts as none (contract 7). */
function withoutEmptyRef({ external_ref: ref, ...others }: Attributes): Attributes {
  return ref === undefined || ref === '' ? others : { external_ref: ref, ...others }
}

function copyOf({ meta, ...attributes }: Attributes, source?: Identified): Copy {
  return { attributes: withoutEmptyRef(attributes), source, id: '' }
}

/** A copy of a copy comes from the same original, if there is one. */
const originalOf = (copy: Copy): Identified => copy.source ?? copy

const find = (all: readonly Stored[], ref: string): Stored | undefined =>
  all.find(({ attributes }) => attributes.external_ref === ref)

const findById = (all: readonly Stored[], id: string): Stored | undefined => all.find((one) => isId(one, id))

const isId = (one: Identified, id: string): boolean => one.id === id.toLowerCase()

/** In a sentence, a long text is cut. */
const quoted = (text = ''): string => `"${text.length > 100 ? `${text.slice(0, 100)}…` : text}"`

const notOne = (selector: string, fitting: number): string =>
  `plan ${quoted(selector)} is ${fitting === 0 ? 'not one' : 'several'} of the offering's plans`

const noPrice = (currency: string): Problem => ['currency', `the selected plan has no price in ${currency}`]

/** An offering without any price can be subscribed to in any currency (contract 14). */
function hasPrice(
  { attributes: { fixed_price: fixed } }: Copy,
  products: readonly Copy[],
  plans: readonly Copy[],
  currency: string,
): boolean {
  const isPriced = (prices: Prices = {}) => Object.keys(prices).length > 0
  const isFree = ![...products, ...plans].some(({ attributes: { price, fixed_price } }) =>
    isPriced(price ?? fixed_price),
  )
  if (isFree) return true
  if (fixed && isPriced(fixed)) return currency in fixed
  return products.every(({ attributes: { price = {} } }) => currency in price)
}
