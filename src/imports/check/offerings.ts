import { noPrice, notOne } from '../../records/content/content.js'
import { mustSelect } from '../../records/content/selection.js'
import { hasInlinePrice } from '../../records/content/validate.js'
import { recordTypes } from '../../records/index.js'
import type { Content, RecordType } from '../../records/record-type.js'
import type { Problem } from '../../schema/problem.js'

type Attributes = Readonly<Record<string, unknown>>

/** What a selection depends on, of a product or plan. */
const COUNTING = ['external_ref', 'price', 'fixed_price', 'base_price_percentage']

/** Roughly how much memory may be taken, in bytes of JSON. */
const BUDGET = 64 * 2 ** 20

/**
 * Remembers what a file's offerings hold, so that subscriptions to them can be checked: which plan is selected, and
 * whether it has a price. What exceeds the budget is not remembered, and what depends on it is not checked.
 */
export class SeenContents {
  readonly #records = new Map<string, Attributes>()
  #left = BUDGET

  /** @param replaces whether a later record with the same `external_ref` takes the place of an earlier one */
  remember(recordType: RecordType, attributes: Attributes, replaces: boolean): void {
    const { external_ref: ref } = attributes
    if (typeof ref !== 'string' || !isCopied(recordType)) return
    const key = keyOf(recordType, ref)
    if (this.#records.has(key) && !replaces) return
    const kept = recordType.references.length > 0 ? listsOf(recordType, attributes) : countingOf(attributes)
    this.#left -= JSON.stringify(kept).length + key.length
    if (this.#left >= 0) this.#records.set(key, kept)
    // An earlier one with this external_ref is not what counts.
    else this.#records.delete(key)
  }

  /** What is wrong with a selection, as far as the file shows it. */
  problemOf(content: Content, attributes: Attributes, ref: string): Problem | undefined {
    const { to, selects, currency } = content
    const offering = this.#records.get(keyOf(to, ref))
    const lists = offering && this.#resolve(content, offering)
    if (!lists) return undefined
    const plans = lists[selects.attribute] ?? []
    const selectedId = attributes[selects.id]
    if (selectedId !== undefined) return notOne(content, selects.id, String(selectedId), 0)
    const selectedRef = attributes[selects.ref]
    const fitting = plans.flatMap((plan, place) =>
      selectedRef === undefined || plan.external_ref === selectedRef ? [place] : [],
    )
    const [place] = fitting
    if (place === undefined || fitting.length !== 1) {
      return selectedRef === undefined
        ? mustSelect(content, plans.length)
        : notOne(content, selects.ref, String(selectedRef), fitting.length)
    }
    const given = String(attributes[currency])
    return hasInlinePrice(content, lists, place, given) ? undefined : noPrice(content, given)
  }

  /** The elements of an offering's lists; undefined: some are not in the file, or were not remembered. */
  #resolve({ to }: Content, offering: Attributes): Readonly<Record<string, Attributes[]>> | undefined {
    const lists: Record<string, Attributes[]> = {}
    for (const { attribute, to: element } of to.references) {
      const elements = (offering[attribute] ?? []) as readonly (string | Attributes)[]
      const found = elements.flatMap((one): Attributes[] => {
        const record = typeof one === 'string' ? this.#records.get(keyOf(element, one)) : one
        return record ? [record] : []
      })
      if (found.length < elements.length) return undefined
      lists[attribute] = found
    }
    return lists
  }
}

const keyOf = ({ type }: RecordType, ref: string): string => `${type} ${ref}`

/** Products, plans, offerings. */
const isCopied = (recordType: RecordType): boolean =>
  recordTypes.some(
    ({ content }) =>
      content && (content.to === recordType || content.holds.some(({ to }) => to === recordType)),
  )

const countingOf = (attributes: Attributes): Attributes =>
  Object.fromEntries(
    COUNTING.flatMap((name) => (attributes[name] === undefined ? [] : [[name, attributes[name]]])),
  )

const listsOf = ({ references }: RecordType, attributes: Attributes): Attributes =>
  Object.fromEntries(
    references.map(({ attribute }) => [
      attribute,
      ((attributes[attribute] ?? []) as readonly (string | Attributes)[]).map((one) =>
        typeof one === 'string' ? one : countingOf(one),
      ),
    ]),
  )
