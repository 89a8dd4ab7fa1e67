import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { offering, subscription } from './generated-holders.js'
import {
  type Attributes,
  feature,
  type Kind,
  type Maker,
  plan,
  product,
  subscriber,
} from './generated-records.js'

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
 * - `mixed`: valid records of all types.
 * - `without-subscriptions`: valid records of products, plans, subscribers and offerings.
 * - `referenced`: `mixed`, and every record has an `external_ref`, so that a second import of it adds nothing.
 * - `tenth-wrong`: `mixed`, but every tenth line has a mistake, one of four in turn. Nothing refers to such a
 *   record.
 * - `products`: products alone, every second one with a name that no other record has.
 * - `catalogue`: products and plans.
 * - `offerings`: offerings alone, each of two products and a plan of the catalogue of as many records and the
 *   same seed, and of an inline plan.
 * - `subscriptions`: a business that moves: 40% subscriptions, 400 to each of its few offerings.
 * - `business`: one without subscriptions, of 400 records to each of its offerings.
 * - `subscriptions-alone`: subscriptions to the offerings of the business of as many records and the same seed.
 */
export type Content =
  | 'mixed'
  | 'without-subscriptions'
  | 'referenced'
  | 'tenth-wrong'
  | 'products'
  | 'catalogue'
  | 'offerings'
  | 'subscriptions'
  | 'business'
  | 'subscriptions-alone'

/**
 * Twenty lines: 30% products, 15% plans, 25% subscribers, 10% offerings, 5% features, 15% subscriptions. Each
 * tenth is of a type that nothing refers to.
 */
const ALL_TYPES: readonly Kind[] = [
  'subscriber',
  'offering',
  'product',
  'subscription',
  'plan',
  'product',
  'subscriber',
  'plan',
  'product',
  'subscriber',
  'subscription',
  'product',
  'subscriber',
  'feature',
  'product',
  'plan',
  'subscription',
  'offering',
  'product',
  'subscriber',
]

/** Ten lines: 30% products, 20% plans, 40% subscribers, 10% offerings. */
const FOUR_TYPES: readonly Kind[] = [
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

/** A business has few offerings and many subscribers, more of them than subscriptions. */
const OFFERED = { offering: 1, feature: 1, plan: 3, product: 15 }
const BUSINESS = spread({ ...OFFERED, subscriber: 380 })

/** The types of a file's lines, over and over. */
const patterns: Readonly<Record<Content, readonly Kind[]>> = {
  mixed: ALL_TYPES,
  'without-subscriptions': FOUR_TYPES,
  referenced: ALL_TYPES,
  'tenth-wrong': ALL_TYPES,
  products: ['product'],
  catalogue: CATALOGUE,
  offerings: ['offering'],
  subscriptions: spread({ ...OFFERED, subscription: 400, subscriber: 580 }),
  business: BUSINESS,
  'subscriptions-alone': ['subscription'],
}

/** The types of the lines that a file's records refer to, where they are in another file. */
const referredTo: Partial<Readonly<Record<Content, readonly Kind[]>>> = {
  offerings: CATALOGUE,
  'subscriptions-alone': BUSINESS,
}

const makers: Readonly<Record<Kind, Maker>> = { product, plan, subscriber, offering, feature, subscription }

const typeOf = (kind: Kind): string => (kind === 'subscription' ? kind : `subscription_${kind}`)

export const contents = Object.keys(patterns) as Content[]

const TENTH = 10

/** The length of the strings written at once: large enough that the stream's own work does not matter. */
const PIECE_LINES = 500

/**
 * Yields the lines of an import file, without their newlines; mixed records have some 335 bytes each.
 * Products, plans, offerings and features all have an `external_ref`. An offering of a mixed file names
 * products and plans from anywhere in the file, so about half of them come after it; some are inline. So it is
 * with subscriptions and their offerings.
 */
export function* generateRecords({
  records,
  seed = 1,
  content = 'mixed',
}: GenerateOptions): Generator<string, void, undefined> {
  const pattern = patterns[content]
  const totals = countsOf(referredTo[content] ?? pattern, records)
  const made = countsOf(pattern, 0)
  for (let line = 0; line < records; line += 1) {
    const kind = pattern[line % pattern.length] ?? 'subscriber'
    const attributes = makers[kind]({ seed, totals, content }, made[kind])
    made[kind] += 1
    const isWrong = content === 'tenth-wrong' && line % TENTH === TENTH - 1
    yield isWrong
      ? wrongLine(typeOf(kind), attributes, Math.floor(line / TENTH))
      : lineOf(typeOf(kind), attributes)
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
function wrongLine(type: string, attributes: Attributes, ordinal: number): string {
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

/** How many lines of each type a file of so many records has. */
function countsOf(pattern: readonly Kind[], records: number): Record<Kind, number> {
  const counts: Record<Kind, number> = {
    product: 0,
    plan: 0,
    subscriber: 0,
    offering: 0,
    feature: 0,
    subscription: 0,
  }
  const times = Math.floor(records / pattern.length)
  for (const [index, kind] of pattern.entries())
    counts[kind] += times + (index < records % pattern.length ? 1 : 0)
  return counts
}

/** So many lines of each type, in evenly mixed order, the rarest first: a short file has some of each. */
function spread(counts: Partial<Readonly<Record<Kind, number>>>): readonly Kind[] {
  const places = (Object.entries(counts) as [Kind, number][]).flatMap(([kind, count]) =>
    Array.from({ length: count }, (_, index) => ({ kind, count, place: index / count })),
  )
  return places.sort((a, b) => a.place - b.place || a.count - b.count).map(({ kind }) => kind)
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
