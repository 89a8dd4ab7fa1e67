import { type RandomNumbers, randomNumbers } from './random.js'

/** What kinds of records a generated file can have. */
export const KINDS = ['product', 'plan', 'subscriber', 'offering', 'feature', 'subscription'] as const

export type Kind = (typeof KINDS)[number]

/** What a record is made for. Beside it and its own number nothing counts, so any record can be made twice. */
export interface File {
  readonly seed: number
  /** How many records of each kind there are to refer to. */
  readonly totals: Readonly<Record<Kind, number>>
  readonly content: string
}

export type Attributes = Readonly<Record<string, unknown>>

/** The attributes of the record number `ordinal` of its kind, from 0. */
export type Maker<Made = Attributes> = (file: File, ordinal: number) => Made

/** More than any record draws. */
const NUMBERS_A_RECORD = 256

export const randomOf = (kind: Kind, { seed }: File, ordinal: number): RandomNumbers =>
  randomNumbers(seed * KINDS.length + KINDS.indexOf(kind), ordinal * NUMBERS_A_RECORD)

export const refOf = (kind: Kind, seed: number, ordinal: number): string => `${kind}-${seed}-${ordinal}`

/** Some records have no external_ref, so that only their lines distinguish them. */
export const refOfMost = (kind: Kind, { seed, content }: File, random: RandomNumbers, ordinal: number) =>
  (!random.oneIn(8) || content === 'referenced') && { external_ref: refOf(kind, seed, ordinal) }

export const product: Maker<Product> = (file, ordinal) => {
  const { seed, content } = file
  const random = randomOf('product', file, ordinal)
  const some = someProduct(random)
  return {
    external_ref: refOf('product', seed, ordinal),
    ...some,
    ...(content === 'products' && ordinal % 2 === 1 && { name: `${some.name} ${ordinal}` }),
    sku: `SKU-${seed}-${ordinal.toString(36).toUpperCase().padStart(6, '0')}`,
    ...(random.oneIn(2) && { main_image: `https://images.example.com/${random.uuid()}.webp` }),
  }
}

export const plan: Maker<Plan> = (file, ordinal) => ({
  external_ref: refOf('plan', file.seed, ordinal),
  ...somePlan(randomOf('plan', file, ordinal)),
})

export const subscriber: Maker<Subscriber> = (file, ordinal) => {
  const random = randomOf('subscriber', file, ordinal)
  const [first, last] = [random.pick(FIRST_NAMES), random.pick(LAST_NAMES)]
  return {
    ...refOfMost('subscriber', file, random, ordinal),
    account_id: random.uuid(),
    name: `${first} ${last}`,
    email: `${mailName(first)}.${mailName(last)}.${ordinal}@${random.pick(MAIL_HOSTS)}`,
    // Where nobody subscribes, nobody pays.
    ...(file.totals.subscription > 0 && random.oneIn(4) && { payment_authority: someAuthority(random) }),
  }
}

export const feature: Maker = (file, ordinal) => {
  const random = randomOf('feature', file, ordinal)
  const tag = `tag-${ordinal}`
  return {
    external_ref: refOf('feature', file.seed, ordinal),
    name: `${random.pick(ADJECTIVES)} extra`,
    ...(random.oneIn(2) && { description: someText(random) }),
    configuration: random.pick([
      { type: 'access', tag },
      { type: 'usage', tag, label: 'Deliveries', default_value: 1 + random.below(100) },
      { type: 'promotion', promotions: [{ name: 'A month for free', tag, promotion_id: random.uuid() }] },
    ]),
  }
}

export interface Subscriber extends Attributes {
  readonly account_id: string
  readonly name: string
  readonly email: string
}

export interface Product extends Attributes {
  readonly name: string
  readonly price: Price
}

export interface Plan extends Attributes {
  readonly fixed_price?: Price
}

export type Price = Readonly<Record<string, { readonly amount: number; readonly includes_tax?: boolean }>>

export function someProduct(random: RandomNumbers): Product {
  return {
    name: `${random.pick(ADJECTIVES)} ${random.pick(THINGS)}`,
    description: someText(random),
    price: somePrice(random),
    ...(random.oneIn(2) && {
      price_units: { unit: random.pick(['day', 'month']), amount: 1 + random.below(3) },
    }),
  }
}

export function somePlan(random: RandomNumbers): Plan {
  const interval = random.pick(['day', 'week', 'month', 'year'])
  return {
    name: `${random.pick(ADJECTIVES)} plan by the ${interval}`,
    ...(random.oneIn(2) && { description: someText(random) }),
    billing_interval_type: interval,
    billing_frequency: 1 + random.below(4),
    plan_length: 1 + random.below(24),
    ...(random.oneIn(2) && { trial_period: random.below(31) }),
    end_behavior: random.pick(['close', 'roll']),
    can_pause: random.oneIn(2),
    can_resume: random.oneIn(2),
    can_cancel: !random.oneIn(4),
    ...(random.oneIn(4)
      ? { fixed_price: somePrice(random) }
      : { base_price_percentage: random.below(201) / 4 }),
  }
}

function somePrice(random: RandomNumbers): Price {
  const amount = 100 + random.below(20_000)
  const includes_tax = random.oneIn(2)
  return {
    USD: { amount, includes_tax },
    ...(random.oneIn(2) && { EUR: { amount: Math.round(amount * 0.9), includes_tax } }),
    ...(random.oneIn(6) && { JPY: { amount: amount * 150 } }),
  }
}

export const someName = (random: RandomNumbers, what: string): string =>
  `${random.pick(ADJECTIVES)} ${random.pick(THINGS)} ${what}`

export const someAuthority = (random: RandomNumbers) =>
  random.oneIn(2)
    ? {
        type: 'elastic_path_payments_stripe',
        customer_id: `cus_${random.uuid()}`,
        card_id: `card_${random.uuid()}`,
      }
    : { type: 'authorize_net', customer_profile_id: String(100_000 + random.below(900_000)) }

export const someText = (random: RandomNumbers): string =>
  `${random.pick(SENTENCES)} ${random.pick(SENTENCES)}`

/** The part of a name that every mail system accepts. */
const mailName = (name: string): string =>
  name
    .normalize('NFD')
    .replace(/[^a-z]/gi, '')
    .toLowerCase() || 'subscriber'

const ADJECTIVES = ['Fresh', 'Classic', 'Crème', 'Organic', 'Weekly', 'Großes', 'Premium', 'Family', 'Petit']
const THINGS = [
  'coffee',
  'tea',
  'newspaper',
  'vegetable box',
  'streaming pass',
  'razor set',
  'お茶',
  'gym pass',
]
const SENTENCES = [
  'Delivered to the door.',
  'Cancel whenever you like.',
  'Packed by hand, without plastic.',
  'Chosen anew every month.',
  'For two people — or one hungry one.',
  'The first delivery is on us.',
]
const FIRST_NAMES = ['Ann', 'José', 'Zoë', 'Mehmet', 'Priya', 'Łukasz', 'Olga', 'Chidi', 'Mary-Jane', '花子']
const LAST_NAMES = ['Smith', 'García', 'Müller', 'Nguyễn', "O'Brien", 'Kowalska', 'Okafor', '山田', 'Singh']
const MAIL_HOSTS = ['example.com', 'mail.example.org', 'post.example.net']
