import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type RandomNumbers, randomNumbers } from './random.js'

/** Which file to generate. The same two numbers give the same bytes, on every machine. */
export interface GenerateOptions {
  /** How many records, which is also how many lines. */
  readonly records: number
  /** Files of different seeds share no `external_ref`. Default: 1. */
  readonly seed?: number
  /** Products alone, every second one with a name that no other record has. Default: records of all types. */
  readonly productsOnly?: boolean
}

type Kind = 'product' | 'plan' | 'subscriber' | 'offering'

/** The types of ten lines, over and over: 30 % products, 20 % plans, 40 % subscribers, 10 % offerings. */
const PATTERN: readonly Kind[] = [
  'subscriber',
  'offering',
  'product',
  'subscriber',
  'plan',
  'product',
  'subscriber',
  'plan',
  'product',
  'subscriber',
]

/** The types of a file of products alone. */
const PRODUCTS: readonly Kind[] = ['product']

/** A string that is written at once: large enough that the stream's own work does not show. */
const PIECE_LINES = 500

/**
 * Yields the lines of an import file, without their newlines: valid records of all four types, mixed, some 290 bytes
 * each. Products, plans and offerings all have an `external_ref`. An offering names products and plans from anywhere in
 * the file, so about half of them stand below it; some it holds inline.
 */
export function* generateRecords({
  records,
  seed = 1,
  productsOnly = false,
}: GenerateOptions): Generator<string, void, undefined> {
  const random = randomNumbers(seed)
  const pattern = productsOnly ? PRODUCTS : PATTERN
  const totals = {
    product: countOf('product', pattern, records),
    plan: countOf('plan', pattern, records),
  }
  const made = { product: 0, plan: 0, subscriber: 0, offering: 0 }
  for (let line = 0; line < records; line += 1) {
    const kind = pattern[line % pattern.length] ?? 'subscriber'
    const attributes = makers[kind]({ seed, random, totals, productsOnly }, made[kind])
    made[kind] += 1
    yield JSON.stringify({ data: { type: `subscription_${kind}`, attributes } })
  }
}

function countOf(kind: Kind, pattern: readonly Kind[], records: number): number {
  const of = (lines: readonly Kind[]) => lines.filter((one) => one === kind).length
  return Math.floor(records / pattern.length) * of(pattern) + of(pattern.slice(0, records % pattern.length))
}

/**
 * Writes the lines to a file, or to a stream, which is not ended (stdout): no faster than it takes them.
 *
 * @param onProgress is called now and then with the number of records written so far.
 * @throws what the file system says, and an AbortError when `signal` is aborted; then a part of the file is there.
 */
export async function writeRecords(
  options: GenerateOptions,
  to: string | NodeJS.WritableStream,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (records: number) => void } = {},
): Promise<void> {
  const pieces = Readable.from(joinLines(options, onProgress))
  const abortable = signal ? { signal } : {}
  if (typeof to === 'string') await pipeline(pieces, createWriteStream(to), abortable)
  else await pipeline(pieces, to, { ...abortable, end: false })
}

function* joinLines(options: GenerateOptions, onProgress?: (records: number) => void): Generator<string> {
  let piece = ''
  let records = 0
  for (const line of generateRecords(options)) {
    piece += `${line}\n`
    records += 1
    if (records % PIECE_LINES === 0) {
      yield piece
      piece = ''
      onProgress?.(records)
    }
  }
  if (piece !== '') yield piece
}

interface File {
  readonly seed: number
  readonly random: RandomNumbers
  /** How many records that can be named there are in the whole file. */
  readonly totals: Readonly<Record<'product' | 'plan', number>>
  readonly productsOnly: boolean
}

type Attributes = Record<string, unknown>

/** One function a type: the attributes of its record number `ordinal`, from 0. */
const makers: Readonly<Record<Kind, (file: File, ordinal: number) => Attributes>> = {
  product: ({ seed, random, productsOnly }, ordinal) => {
    const product = someProduct(random)
    return {
      external_ref: refOf('product', seed, ordinal),
      ...product,
      ...(productsOnly && ordinal % 2 === 1 && { name: `${product.name} ${ordinal}` }),
      sku: `SKU-${seed}-${ordinal.toString(36).toUpperCase().padStart(6, '0')}`,
      ...(random.oneIn(2) && { main_image: `https://images.example.com/${random.uuid()}.webp` }),
    }
  },

  plan: ({ seed, random }, ordinal) => ({
    external_ref: refOf('plan', seed, ordinal),
    ...somePlan(random),
  }),

  subscriber: ({ seed, random }, ordinal) => {
    const [first, last] = [random.pick(FIRST_NAMES), random.pick(LAST_NAMES)]
    return {
      // A record without an external_ref can only be told from a copy of itself by its line: some have none.
      ...(!random.oneIn(8) && { external_ref: refOf('subscriber', seed, ordinal) }),
      account_id: random.uuid(),
      name: `${first} ${last}`,
      email: `${mailName(first)}.${mailName(last)}.${ordinal}@${random.pick(MAIL_HOSTS)}`,
    }
  },

  offering: (file, ordinal) => ({
    external_ref: refOf('offering', file.seed, ordinal),
    name: `${file.random.pick(ADJECTIVES)} ${file.random.pick(THINGS)} bundle`,
    ...(file.random.oneIn(2) && { description: someText(file.random) }),
    products: someElements(file, 'product', 1 + file.random.below(3), someProduct),
    plans: someElements(file, 'plan', 1 + file.random.below(2), somePlan),
  }),
}

const refOf = (kind: Kind, seed: number, ordinal: number): string => `${kind}-${seed}-${ordinal}`

/**
 * What an offering is built from: records that stand next to each other somewhere in the file, so that none is named
 * twice, and now and then one that is made within the offering.
 */
function someElements(
  { seed, random, totals }: File,
  kind: 'product' | 'plan',
  wanted: number,
  inline: (random: RandomNumbers) => Attributes,
): (string | Attributes)[] {
  const named = Math.min(wanted, totals[kind])
  const from = random.below(totals[kind] - named + 1)
  const elements: (string | Attributes)[] = Array.from({ length: named }, (_, index) =>
    refOf(kind, seed, from + index),
  )
  if (named === 0 || random.oneIn(10)) elements.push(inline(random))
  return elements
}

function someProduct(random: RandomNumbers) {
  return {
    name: `${random.pick(ADJECTIVES)} ${random.pick(THINGS)}`,
    description: someText(random),
    price: somePrice(random),
    ...(random.oneIn(2) && {
      price_units: { unit: random.pick(['day', 'month']), amount: 1 + random.below(3) },
    }),
  }
}

function somePlan(random: RandomNumbers): Attributes {
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

function somePrice(random: RandomNumbers): Attributes {
  const amount = 100 + random.below(20_000)
  const includes_tax = random.oneIn(2)
  return {
    USD: { amount, includes_tax },
    ...(random.oneIn(2) && { EUR: { amount: Math.round(amount * 0.9), includes_tax } }),
    ...(random.oneIn(6) && { JPY: { amount: amount * 150 } }),
  }
}

const someText = (random: RandomNumbers): string => `${random.pick(SENTENCES)} ${random.pick(SENTENCES)}`

/** What a name leaves that every mail system takes. */
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
