import fc from 'fast-check'
import {
  aFeature,
  anOffering,
  aPlan,
  aProduct,
  aSubscriber,
  aSubscription,
  type RecordLine,
} from '../../../support/builders.js'
import {
  type Attributes,
  FUTURE,
  type Ids,
  NOWHERE,
  type Noun,
  PAST,
  type Prices,
  type Problem,
} from './records.js'

/** The `external_ref`s of an organization's records. */
export const OF_ORGANIZATION = ['a', 'A', '\u00e9'] as const

/** Any storable text, with what PostgreSQL or a parser might trip over more often. */
const text = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: 'grapheme', maxLength: 10 }),
    fc.string({ maxLength: 20 }),
    fc.constantFrom('NULL', '{}', '"', '\\', '\\u0000', ' ', '\ufeff', '\r\n', '\u2028', '{"a":1}'),
  )
  .map((value) => value.replaceAll('\0', '').toWellFormed())

const name = text.map((value) => `${value}...`)

/**
 * Few, so that they are often taken; equal except for their form, so that nothing else distinguishes them.
 */
const ref = fc.constantFrom(
  'a',
  'A',
  'a ',
  '\u00e9',
  'e\u0301',
  '',
  'x'.repeat(2048),
  `${'😀'.repeat(2047)}!`,
)

/**
 * One that is referred to, and leads somewhere more often than not. An empty one counts as none, or is a mistake
 * of its own, which `rules/` covers.
 */
const referred = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...OF_ORGANIZATION) },
  { weight: 1, arbitrary: ref.filter((one) => one !== '') },
)

const record = <T>(required: { [K in keyof T]: fc.Arbitrary<T[K]> }, optional: object = {}) =>
  fc
    .tuple(fc.record(required), fc.record(optional, { requiredKeys: [] }))
    .map(([one, other]): Attributes => ({ ...one, ...other }))

const EUR = { EUR: { amount: 1000 } }
export const USD = { USD: { amount: 250 } }
export const BOTH = { ...EUR, ...USD }
const prices = fc.constantFrom<Prices>({}, EUR, USD, BOTH, BOTH, BOTH)

const common = { external_ref: fc.oneof(fc.constantFrom(...OF_ORGANIZATION), ref), description: text }

const catalogue = {
  product: record({ name }, { ...common, price: prices }),
  plan: record(
    { name },
    {
      ...common,
      fixed_price: prices,
      base_price_percentage: fc.constantFrom(0, 33.3, 100),
      billing_interval_type: fc.constantFrom('day', 'week', 'month', 'year'),
      billing_frequency: fc.integer({ min: 1, max: 3 }),
      plan_length: fc.integer({ min: 1, max: 24 }),
      trial_period: fc.integer({ min: 0, max: 2 }),
      end_behavior: fc.constantFrom('close', 'roll'),
    },
  ),
  feature: record({ name }, common),
} as const

export const builders: Readonly<Record<Noun, (attributes: object) => RecordLine>> = {
  product: (attributes) => aProduct({ ...attributes }),
  plan: (attributes) => aPlan({ ...attributes }),
  subscriber: (attributes) => aSubscriber({ ...attributes }),
  feature: (attributes) => aFeature({ ...attributes }),
  offering: (attributes) => anOffering({ ...attributes }),
  subscription: (attributes) => aSubscription({ offering_external_ref: undefined, ...attributes }),
}

export const built = (noun: Noun, attributes: Attributes): Attributes =>
  builders[noun](attributes).data.attributes

/** By its id, something that exists: which one, the number tells once it is known what there is. */
const idOf = (kind: keyof Ids): fc.Arbitrary<string> =>
  fc.nat(30).chain((number) => fc.constantFrom(`@${kind} ${number}`, `@${kind.toUpperCase()} ${number}`))

/** A list of references and inline records. */
const elements = (noun: 'product' | 'plan' | 'feature') =>
  fc.array(
    fc.oneof(
      { weight: 4, arbitrary: referred },
      { weight: 1, arbitrary: idOf(noun) },
      { weight: 2, arbitrary: catalogue[noun].map((attributes) => built(noun, attributes)) },
    ),
    { minLength: 1, maxLength: 3 },
  )

const oneOf = (...choices: readonly Attributes[]) => fc.constantFrom(...choices)
const past = fc.constantFrom(...PAST.keys())
const anyTime = fc.oneof({ weight: 20, arbitrary: past }, fc.constantFrom(...FUTURE.keys()))

const named = fc
  .tuple(
    fc.oneof(
      { weight: 5, arbitrary: referred.map((offering_external_ref) => ({ offering_external_ref })) },
      { weight: 4, arbitrary: idOf('offering').map((offering_id) => ({ offering_id })) },
      { weight: 1, arbitrary: oneOf({ offering_id: NOWHERE }) },
    ),
    fc.oneof(
      { weight: 8, arbitrary: oneOf({}) },
      { weight: 2, arbitrary: fc.oneof(referred, referred, ref).map((selected_plan) => ({ selected_plan })) },
      { weight: 1, arbitrary: idOf('plan').map((plan_id) => ({ plan_id })) },
      { weight: 1, arbitrary: idOf('copy').map((plan_id) => ({ plan_id })) },
    ),
  )
  .map(([way, selection]): Attributes => ({ ...way, ...selection }))

const list = (noun: 'product' | 'plan', one = catalogue[noun]) =>
  fc.array(
    one.map((attributes) => built(noun, attributes)),
    { minLength: 1, maxLength: 3 },
  )

const MARKS = [{}, {}, {}, {}, {}, {}, { meta: { selected: false } }, { meta: { selected: true } }] as const

const inline = record(
  {
    offering: record({ name }, common),
    products: list('product'),
    plans: list(
      'plan',
      fc.tuple(catalogue.plan, fc.constantFrom(...MARKS)).map(([plan, mark]) => ({ ...plan, ...mark })),
    ),
  },
  { selected_plan: ref },
)

const subscription = fc
  .tuple(
    record({ name, currency: fc.constantFrom('EUR', 'USD') }, { external_ref: common.external_ref }),
    fc.oneof({ weight: 2, arbitrary: named }, inline),
    fc.oneof(
      oneOf({}, { pending: false }, { pending: true }),
      anyTime.map((go_live_after) => ({ pending: true, go_live_after })),
    ),
    fc.oneof(
      oneOf({}, { first_invoice_paid: false }, { first_invoice_paid: true }),
      anyTime.map((started_at) => ({ first_invoice_paid: true, started_at })),
    ),
    fc.oneof({ weight: 3, arbitrary: oneOf({}) }, record({}, { paused_at: anyTime, canceled_at: anyTime })),
  )
  .map((parts): Attributes => Object.assign({}, ...parts))

/** Attributes of a record that is valid by itself, but for an inline subscription's selection. */
export const good: Readonly<Record<Noun, fc.Arbitrary<Attributes>>> = {
  ...catalogue,
  subscriber: record({ name }, { external_ref: common.external_ref }),
  offering: record(
    { name },
    { ...common, products: elements('product'), plans: elements('plan'), features: elements('feature') },
  ),
  subscription,
}

type Spoiler = readonly [attributes: Attributes & object, problem: Problem]

/** A way to make valid attributes invalid, and the resulting error. */
export const spoilers: readonly Spoiler[] = [
  [{ name: 'ab' }, ['name', 'name must be at least 3 characters']],
  [{ name: 'abc\0' }, ['name', 'name must not contain U+0000 or an unpaired surrogate']],
  [{ name: '\ud800abc' }, ['name', 'name must not contain U+0000 or an unpaired surrogate']],
  [{ external_ref: 'x'.repeat(2049) }, ['external_ref', 'external_ref must be at most 2048 characters']],
]

const absent = (...names: readonly (keyof Attributes)[]): Attributes =>
  Object.fromEntries(names.map((name) => [name, undefined]))
const notInline = absent('offering', 'products', 'plans')
const noWay = { ...notInline, ...absent('offering_id', 'offering_external_ref', 'plan_id', 'selected_plan') }
const WAYS = 'offering_id, offering_external_ref and offering'

export const subscriptionSpoilers: readonly Spoiler[] = [
  ...spoilers,
  [{ currency: 'eur' }, ['currency', 'currency must be a currency code of three capital letters']],
  [
    { pending: false, go_live_after: '2020-01-01T00:00:00Z' },
    ['go_live_after', 'go_live_after may only be given with "pending": true'],
  ],
  [
    { ...absent('first_invoice_paid'), started_at: '2020-01-01T00:00:00Z' },
    ['started_at', 'started_at may only be given with "first_invoice_paid": true'],
  ],
  [noWay, ['offering', `one of ${WAYS} is required`]],
  [
    { ...noWay, offering_id: NOWHERE, offering_external_ref: 'a' },
    ['offering_external_ref', `only one of ${WAYS} may be given`],
  ],
  [
    { ...noWay, offering_external_ref: 'a', plan_id: NOWHERE, selected_plan: 'a' },
    ['selected_plan', 'only one of plan_id and selected_plan may be given'],
  ],
  [
    { ...noWay, offering_external_ref: 'a', products: [built('product', {})] },
    ['products', 'products may only be given with offering'],
  ],
  [
    {
      ...noWay,
      offering: { name: 'Within' },
      products: [built('product', {})],
      plans: [built('plan', {})],
      plan_id: NOWHERE,
    },
    ['plan_id', 'plan_id may only be given with offering_id or offering_external_ref'],
  ],
]
