import {
  type Attributes,
  type File,
  feature,
  type Kind,
  type Maker,
  type Plan,
  type Product,
  plan,
  product,
  randomOf,
  refOf,
  refOfMost,
  someAuthority,
  someName,
  somePlan,
  someProduct,
  someText,
  subscriber,
} from './generated-records.js'
import type { RandomNumbers } from './random.js'

/** The records that hold others: offerings, and subscriptions to them. */

export const offering: Maker = (file, ordinal) => {
  const { random, products, plans } = partsOfOffering(file, ordinal)
  const features = named(file, random, 'feature', feature, random.below(3))
  return {
    external_ref: refOf('offering', file.seed, ordinal),
    name: someName(random, 'bundle'),
    ...(random.oneIn(2) && { description: someText(random) }),
    products: products.map(elementOf),
    plans: plans.map(elementOf),
    ...(features.length > 0 && { features: features.map(elementOf) }),
  }
}

export const subscription: Maker = (file, ordinal) => {
  const random = randomOf('subscription', file, ordinal)
  const isInline = file.totals.offering === 0 || random.oneIn(25)
  const { account_id, name, email } = subscriber(file, ordinal % Math.max(1, file.totals.subscriber))
  return {
    ...refOfMost('subscription', file, random, ordinal),
    account_id,
    name,
    email,
    ...(random.oneIn(2) && { address_id: random.uuid() }),
    ...(isInline ? withinItself(random) : toAnOffering(file, random)),
    manual_payments: random.oneIn(5),
    ...(random.oneIn(2) && { payment_authority: someAuthority(random) }),
    ...someState(random),
  }
}

/** A subscription to an offering from anywhere in the file, in a currency in which the plan has a price. */
function toAnOffering(file: File, random: RandomNumbers): Attributes {
  const ordinal = random.below(file.totals.offering)
  const { products, plans } = partsOfOffering(file, ordinal)
  // A plan without an external_ref cannot be selected by one; it is the only one then.
  const selectable = plans.filter(({ ref }) => ref !== undefined)
  const selected = random.pick(selectable.length > 0 ? selectable : plans)
  return {
    offering_external_ref: refOf('offering', file.seed, ordinal),
    ...((plans.length > 1 || random.oneIn(2)) && selected.ref && { selected_plan: selected.ref }),
    currency: random.pick(
      currenciesOf(
        selected.record(),
        products.map((one) => one.record()),
      ),
    ),
  }
}

/** A subscription that brings its offering. */
function withinItself(random: RandomNumbers): Attributes {
  const products = [someProduct(random), ...(random.oneIn(2) ? [someProduct(random)] : [])]
  const selected = somePlan(random)
  const plans = random.oneIn(2) ? [selected] : [somePlan(random), { ...selected, meta: { selected: true } }]
  return {
    offering: { name: someName(random, 'as agreed') },
    products,
    plans,
    currency: random.pick(currenciesOf(selected, products)),
  }
}

/** In what state a subscription arrives: most have run for a while, with the current period paid. */
function someState(random: RandomNumbers): Attributes {
  const running = { first_invoice_paid: true, started_at: someTime(random, 2024) }
  switch (random.below(20)) {
    case 0:
      return { ...running, paused_at: someTime(random, 2025) }
    case 1:
      return { ...running, canceled_at: someTime(random, 2025) }
    case 2:
      return { pending: true, ...(random.oneIn(2) && { go_live_after: someTime(random, 2030) }) }
    case 3:
    case 4:
      return {}
    default:
      return running
  }
}

const YEAR_SECONDS = 365 * 24 * 60 * 60

const someTime = (random: RandomNumbers, year: number): string =>
  new Date(Date.UTC(year) + random.below(YEAR_SECONDS) * 1000).toISOString()

/** What an offering holds: a record that it names by `ref`, or one of its own. */
interface Part<Made> {
  readonly ref?: string
  readonly record: () => Made
}

const elementOf = <Made>({ ref, record }: Part<Made>): string | Made => ref ?? record()

function partsOfOffering(file: File, ordinal: number) {
  const random = randomOf('offering', file, ordinal)
  // Such a file measures offerings, so all of them are alike.
  const areAlike = file.content === 'offerings'
  const products = named(file, random, 'product', product, areAlike ? 2 : 1 + random.below(3))
  const plans = named(file, random, 'plan', plan, areAlike ? 1 : 1 + random.below(2))
  return {
    random,
    products: areAlike ? products : withInline(products, random, someProduct),
    plans: areAlike ? [...plans, inline(random, somePlan)] : withInline(plans, random, somePlan),
  }
}

/** Now and then an inline record as well, and always where there is nothing to name. */
const withInline = <Made>(
  parts: readonly Part<Made>[],
  random: RandomNumbers,
  make: (random: RandomNumbers) => Made,
): readonly Part<Made>[] =>
  parts.length === 0 || random.oneIn(10) ? [...parts, inline(random, make)] : parts

function inline<Made>(random: RandomNumbers, make: (random: RandomNumbers) => Made): Part<Made> {
  const record = make(random)
  return { record: () => record }
}

/** Adjacent records from somewhere in the file, so that none is named twice; fewer if there are no more. */
function named<Made>(
  file: File,
  random: RandomNumbers,
  kind: Kind,
  make: Maker<Made>,
  wanted: number,
): Part<Made>[] {
  const total = file.totals[kind]
  const count = Math.min(wanted, total)
  const from = random.below(total - count + 1)
  return Array.from({ length: count }, (_, index) => ({
    ref: refOf(kind, file.seed, from + index),
    record: () => make(file, from + index),
  }))
}

/** The currencies in which a plan has a price: its own, or those that all products of the offering have. */
function currenciesOf({ fixed_price }: Plan, products: readonly Product[]): string[] {
  const [first, ...others] = fixed_price ? [fixed_price] : products.map(({ price }) => price)
  return Object.keys(first ?? {}).filter((currency) => others.every((price) => currency in price))
}
