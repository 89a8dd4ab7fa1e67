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
  /** Default: `mixed`. */
  readonly content?: Content
}

/**
 * What a file consists of.
 *
 * - `mixed`: valid records of all four types.
 * - `referenced`: the same, and every record has an `external_ref`, so that a second import of it adds
 *   nothing.
 * - `tenth-wrong`: `mixed`, but every tenth line has a mistake, one of four in turn. Nothing refers to such a
 *   record.
 * - `products`: products alone, every second one with a name that no other record has.
 * - `catalogue`: products and plans.
 * - `offerings`: offerings alone, each of two products and a plan of the catalogue of as many records and the
 *   same seed, and of an inline plan.
 */
export type Content = 'mixed' | 'referenced' | 'tenth-wrong' | 'products' | 'catalogue' | 'offerings'

type Kind = 'product' | 'plan' | 'subscriber' | 'offering'

/**
 * Ten lines: 30% products, 20% plans, 40% subscribers, 10% offerings. The tenth is of a type that nothing
 * refers to.
 */
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

const CATALOGUE: readonly Kind[] = ['product', 'product', 'plan']

/** The types of a file's lines, over and over. */
const patterns: Readonly<Record<Content, readonly Kind[]>> = {
  mixed: PATTERN,
  referenced: PATTERN,
  'tenth-wrong': PATTERN,
  products: ['product'],
  catalogue: CATALOGUE,
  offerings: ['offering'],
}

export const contents = Object.keys(patterns) as Content[]

const TENTH = 10

/** The length of the strings written at once: large enough that the stream's own work does not matter. */
const PIECE_LINES = 500

/**
 * Yields the lines of an import file, without their newlines; mixed records have some 290 bytes each.
 * Products, plans and offerings all have an `external_ref`. An offering of a mixed file names products and
 * plans from anywhere in the file, so about half of them come after it; some are inline.
 */
export function* generateRecords({
  records,
  seed = 1,
  content = 'mixed',
}: GenerateOptions): Generator<string, void, undefined> {
  const random = randomNumbers(seed)
  const pattern = patterns[content]
  const named = content === 'offerings' ? CATALOGUE : pattern
  const totals = { product: countOf('product', named, records), plan: countOf('plan', named, records) }
  const made = { product: 0, plan: 0, subscriber: 0, offering: 0 }
  for (let line = 0; line < records; line += 1) {
    const kind = pattern[line % pattern.length] ?? 'subscriber'
    const attributes = makers[kind]({ seed, random, totals, content }, made[kind])
    made[kind] += 1
    const isWrong = content === 'tenth-wrong' && line % TENTH === TENTH - 1
    yield isWrong
      ? wrongLine(kind, attributes, Math.floor(line / TENTH))
      : lineOf(`subscription_${kind}`, attributes)
  }
}

/** How many lines of a `tenth-wrong` file are wrong; each has one error. */
export const wrongLines = (records: number): number => Math.floor(records / TENTH)

const lineOf = (type: string, attributes: Attributes): string =>
  JSON.stringify({ data: { type, attributes } })

/**
 * A subscriber's line with one mistake: cut off, of an unknown type, without a name, or with a wrong e-mail
 * address.
 */
function wrongLine(kind: Kind, attributes: Attributes, ordinal: number): string {
  const type = `subscription_${kind}`
  switch (ordinal % 4) {
    case 0:
      return lineOf(type, attributes).slice(0, -1)
    case 1:
      return lineOf(`${type}s`, attributes)
    case 2:
      return lineOf(type, { ...attributes, name: undefined })
    default:
      return lineOf(type, { ...attributes, email: String(attributes.email).replace('@', ' at ') })
  }
}

function countOf(kind: Kind, pattern: readonly Kind[], records: number): number {
  const of = (lines: readonly Kind[]) => lines.filter((one) => one === kind).length
  return Math.floor(records / pattern.length) * of(pattern) + of(pattern.slice(0, records % pattern.length))
}

/**
 * Writes the lines to a file, or to a stream (stdout), which is not ended, no faster than it accepts them.
 *
 * @param onProgress is called now and then with the number of records written so far.
 * @throws errors of the file system, and an AbortError when `signal` is aborted; then part of the file has
 * been written.
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
  /** How many records of the whole file can be referred to. */
  readonly totals: Readonly<Record<'product' | 'plan', number>>
  readonly content: Content
}

type Attributes = Record<string, unknown>

/** One function per type: the attributes of its record number `ordinal`, from 0. */
const makers: Readonly<Record<Kind, (file: File, ordinal: number) => Attributes>> = {
  product: ({ seed, random, content }, ordinal) => {
    const product = someProduct(random)
    return {
      external_ref: refOf('product', seed, ordinal),
      ...product,
      ...(content === 'products' && ordinal % 2 === 1 && { name: `${product.name} ${ordinal}` }),
      sku: `SKU-${seed}-${ordinal.toString(36).toUpperCase().padStart(6, '0')}`,
      ...(random.oneIn(2) && { main_image: `https://images.example.com/${random.uuid()}.webp` }),
    }
  },

  plan: ({ seed, random }, ordinal) => ({
    external_ref: refOf('plan', seed, ordinal),
    ...somePlan(random),
  }),

  subscriber: ({ seed, random, content }, ordinal) => {
    const [first, last] = [random.pick(FIRST_NAMES), random.pick(LAST_NAMES)]
    return {
      // Some records have no external_ref, so that only their lines distinguish them.
      ...((!random.oneIn(8) || content === 'referenced') && {
        external_ref: refOf('subscriber', seed, ordinal),
      }),
      account_id: random.uuid(),
      name: `${first} ${last}`,
      email: `${mailName(first)}.${mailName(last)}.${ordinal}@${random.pick(MAIL_HOSTS)}`,
    }
  },

  offering: (file, ordinal) => ({
    external_ref: refOf('offering', file.seed, ordinal),
    name: `${file.random.pick(ADJECTIVES)} ${file.random.pick(THINGS)} bundle`,
    ...(file.random.oneIn(2) && { description: someText(file.random) }),
    ...(file.content === 'offerings'
      ? {
          products: namedElements(file, 'product', 2),
          plans: [...namedElements(file, 'plan', 1), somePlan(file.random)],
        }
      : {
          products: someElements(file, 'product', 1 + file.random.below(3), someProduct),
          plans: someElements(file, 'plan', 1 + file.random.below(2), somePlan),
        }),
  }),
}

const refOf = (kind: Kind, seed: number, ordinal: number): string => `${kind}-${seed}-${ordinal}`

/** What an offering is built from: records that it names, and now and then an inline one. */
function someElements(
  file: File,
  kind: 'product' | 'plan',
  wanted: number,
  inline: (random: RandomNumbers) => Attributes,
): (string | Attributes)[] {
  const named = namedElements(file, kind, wanted)
  return named.length === 0 || file.random.oneIn(10) ? [...named, inline(file.random)] : named
}

/** Adjacent records from somewhere in the file, so that none is named twice; fewer if there are no more. */
function namedElements({ seed, random, totals }: File, kind: 'product' | 'plan', wanted: number): string[] {
  const named = Math.min(wanted, totals[kind])
  const from = random.below(totals[kind] - named + 1)
  return Array.from({ length: named }, (_, index) => refOf(kind, seed, from + index))
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
