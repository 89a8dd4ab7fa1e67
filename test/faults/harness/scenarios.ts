import { type RandomNumbers, randomNumbers } from '../../../bench/random.js'
import {
  aFeature,
  anOffering,
  aPlan,
  aProduct,
  aSubscriber,
  aSubscription,
  type RecordLine,
  times,
} from '../../support/builders.js'

/** One import of a scenario. */
export interface Step {
  readonly content: string
  readonly dryRun: boolean
  readonly onConflict: 'reject' | 'skip' | 'update' | 'patch'
}

/** What one owner imports, one file after the other: the outcome of each depends on the earlier ones. */
export type Scenario = readonly Step[]

/** How many scenarios there are. Few, so that each has to run without a fault only once. */
export const SCENARIOS = 12

const made = new Map<number, Scenario>()

/** The scenario of a number from 0: always the same one. */
export function scenario(number: number): Scenario {
  const known = made.get(number) ?? makeScenario(randomNumbers(number))
  made.set(number, known)
  return known
}

function makeScenario(random: RandomNumbers): Scenario {
  return Array.from({ length: 1 + random.below(3) }, () => ({
    content: dataset(random),
    dryRun: random.oneIn(4),
    onConflict: random.pick(['reject', 'reject', 'skip', 'update', 'patch'] as const),
  }))
}

/**
 * A file of several chunks: every kind of line, mistakes, references up and down the file and to nowhere, and
 * `external_ref`s that come again, near and far, in this file and in the owner's others.
 */
function dataset(random: RandomNumbers): string {
  const lines = 1000 + random.below(5000)
  return times(lines, () => line(random, lines))
}

function line(random: RandomNumbers, lines: number): RecordLine | string {
  if (random.oneIn(60))
    return random.pick(['', '  ', 'garbage', '{"data":{}}', '[]', '{"data":{"type":"order"}}'])
  // From a range large enough that most are used once, and shared with the owner's other files.
  const ref = (kind: string) => `${kind}-${random.below(lines * 2)}`
  const external_ref = random.oneIn(10) ? undefined : ref('r')
  const name = random.oneIn(40) ? 'No' : `Name ${random.below(1_000_000)}`
  const known = () => ref('r')
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
      return aProduct({ external_ref, name, price: { USD: { amount: random.below(10_000) } } })
    case 3:
      return aPlan({ external_ref, name, plan_length: 1 + random.below(24) })
    case 4:
      return aFeature({ external_ref, name })
    case 5:
      return anOffering({
        external_ref: random.oneIn(2) ? popular(random) : external_ref,
        // Its name distinguishes a row from others.
        name: name === 'No' ? name : `Offering ${random.uuid()}`,
        products: random.oneIn(2) ? [within.product] : [known(), known()],
        plans: random.pick([[within.monthly], [within.monthly, within.yearly], [known()]]),
        features: random.oneIn(3) ? [known()] : undefined,
      })
    case 6:
    case 7:
    case 8:
      return subscription(random, {
        external_ref,
        name: name === 'No' ? name : `Subscription ${random.uuid()}`,
      })
    default:
      return aSubscriber({ external_ref, name, account_id: random.uuid() })
  }
}

const within = {
  product: aProduct({ name: 'Within', price: { USD: { amount: 900 } } }).data.attributes,
  monthly: aPlan({ name: 'Monthly', external_ref: 'monthly' }).data.attributes,
  yearly: aPlan({ name: 'Yearly', external_ref: 'yearly', billing_interval_type: 'year' }).data.attributes,
}

/** Few offerings have many subscriptions. */
const popular = (random: RandomNumbers) => `o-${random.below(20)}`

/** Of an offering that may stand anywhere in the file, or nowhere; some select a plan that it may not have. */
function subscription(random: RandomNumbers, attributes: RecordLine['data']['attributes']): RecordLine {
  const inline = {
    offering_external_ref: undefined,
    offering: { name: 'Within' },
    products: [within.product],
    plans: [within.monthly, within.yearly],
    selected_plan: 'yearly',
  }
  const day = `20${10 + random.below(15)}-0${1 + random.below(9)}-28`
  return aSubscription({
    ...attributes,
    currency: random.oneIn(20) ? 'EUR' : 'USD',
    offering_external_ref: popular(random),
    ...random.pick([
      {},
      { selected_plan: 'monthly' },
      { selected_plan: 'monthly' },
      { selected_plan: 'yearly' },
    ]),
    ...(random.oneIn(5) && inline),
    ...random.pick([
      { first_invoice_paid: true, started_at: `${day}T12:00:00Z` },
      { pending: true, go_live_after: `${day}T12:00:00.5+02:00` },
      { pending: true },
      {},
    ]),
    paused_at: random.oneIn(30) ? '2999-01-01T00:00:00Z' : undefined,
    canceled_at: random.oneIn(5) ? `${day}T00:00:00Z` : undefined,
  })
}
