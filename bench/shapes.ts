import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ImportFile } from './files.js'
import type { Context } from './trial.js'

/** A file whose every line asks for as much as one line can. */
export interface FileShape {
  readonly name: string
  /** How many stores import it at once. */
  readonly owners: number
  /** How many products `p0`, `p1`, … and as many plans exist beforehand. */
  readonly catalogue: number
  readonly lines: number
  /** @param number from 0 */
  readonly line: (number: number) => string
  /** The result of one line. */
  readonly imported: 0 | 1
  readonly errors: number
}

/** Writes a shape's file, unless it exists. */
export function shapedFile(context: Context, shape: FileShape): Promise<ImportFile> {
  const { name, line, imported, errors } = shape
  const lines = context.quick ? Math.ceil(shape.lines / QUICK) : shape.lines
  return context.once(`shape: ${name}`, async () => {
    const path = join(context.folder, `${name.replaceAll(/\W+/g, '-')}.jsonl`)
    await writeLines(path, lines, line, context.signal)
    return { path, imported: lines * imported, errors: lines * errors }
  })
}

/** Writes the products and plans that a shape refers to, unless the file exists. */
export function catalogueFile(context: Context, records: number): Promise<ImportFile> {
  return context.once(`catalogue of ${records}`, async () => {
    const path = join(context.folder, `catalogue-${records}.jsonl`)
    const line = (number: number) => {
      const external_ref = `p${Math.floor(number / 2)}`
      return number % 2 === 0
        ? lineOf('product', { ...product, external_ref })
        : lineOf('plan', { ...plan, external_ref })
    }
    await writeLines(path, 2 * records, line, context.signal)
    return { path, imported: 2 * records, errors: 0 }
  })
}

/** The factor by which files are shorter when only checking that everything works. */
const QUICK = 20

export const writeLines = (
  path: string,
  lines: number,
  line: (number: number) => string,
  signal: AbortSignal,
) =>
  pipeline(
    Readable.from(
      (function* () {
        for (let number = 0; number < lines; number += 1) yield `${line(number)}\n`
      })(),
    ),
    createWriteStream(path),
    { signal },
  )

export const lineOf = (noun: string, attributes: object): string =>
  JSON.stringify({ data: { type: `subscription_${noun}`, attributes } })

const product = { name: 'A product', price: { USD: { amount: 1000 }, EUR: { amount: 900 } } }

export const plan = {
  name: 'A plan',
  billing_interval_type: 'month',
  billing_frequency: 1,
  plan_length: 12,
  end_behavior: 'roll',
  can_pause: true,
  can_resume: true,
  can_cancel: true,
}

const offering = (attributes: object): string =>
  lineOf('offering', { name: 'An offering', plans: ['p0'], ...attributes })

const listOf = <T>(length: number, make: (index: number) => T): T[] =>
  Array.from({ length }, (_, index) => make(index))

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** All 17,576 codes of three letters. */
export const CURRENCIES = [...LETTERS].flatMap((a) =>
  [...LETTERS].flatMap((b) => [...LETTERS].map((c) => `${a}${b}${c}`)),
)

export const prices = (currencies: readonly string[]) =>
  Object.fromEntries(currencies.map((currency) => [currency, { amount: 1 }]))

/** A line of about 980 kB. */
const filled = (before: string, filling: string, after: string): string =>
  before +
  Array(Math.floor(980_000 / (filling.length + 1)))
    .fill(filling)
    .join(',') +
  after

/**
 * The shapes that ask the most of an import: many references, many that lead nowhere, many records within
 * records, many mistakes, much that nobody asked for.
 */
export const fileShapes: readonly FileShape[] = [
  {
    name: 'offerings that name 120,000 products each',
    owners: 4,
    catalogue: 10,
    lines: 30,
    line: () =>
      filled(
        '{"data":{"type":"subscription_offering","attributes":{"name":"Many","plans":["p0"],"products":[',
        '"p1234"',
        ']}}}',
      ),
    imported: 0,
    errors: 1,
  },
  {
    name: 'offerings of 150 products',
    owners: 4,
    catalogue: 10_000,
    lines: 600,
    line: (number) =>
      offering({ products: listOf(150, (index) => `p${(number * 7 + index * 61) % 10_000}`) }),
    imported: 1,
    errors: 0,
  },
  {
    name: 'offerings of 1,000 products and plans',
    owners: 4,
    catalogue: 10_000,
    lines: 30,
    line: (number) => {
      const refs = listOf(1000, (index) => `p${(number * 7 + index) % 10_000}`)
      return offering({ products: refs, plans: refs })
    },
    imported: 1,
    errors: 0,
  },
  {
    name: 'offerings of 1,000 products that are nowhere',
    owners: 4,
    catalogue: 10,
    lines: 80,
    line: (number) => offering({ products: listOf(1000, (index) => `${number}-${index}`.padEnd(100, 'x')) }),
    imported: 0,
    errors: 1000,
  },
  {
    name: 'offerings that hold 1,000 products with 40 prices',
    owners: 4,
    catalogue: 10,
    lines: 12,
    line: () =>
      offering({
        products: listOf(1000, () => ({ name: 'Within', price: prices(CURRENCIES.slice(0, 45)) })),
      }),
    imported: 1,
    errors: 0,
  },
  {
    name: 'offerings with a megabyte of nothing',
    owners: 4,
    catalogue: 10,
    lines: 30,
    line: () =>
      filled(
        '{"data":{"type":"subscription_offering","attributes":{"name":"Much","plans":["p0"],"products":["p0"],"unknown":[',
        '{}',
        ']}}}',
      ),
    imported: 1,
    errors: 0,
  },
  {
    name: 'offerings that hold a megabyte of nothing within products',
    owners: 4,
    catalogue: 10,
    lines: 30,
    line: () =>
      filled(
        '{"data":{"type":"subscription_offering","attributes":{"name":"Much","plans":["p0"],"products":[{"name":"Within","unknown":[',
        '{}',
        ']}]}}}',
      ),
    imported: 1,
    errors: 0,
  },
  {
    name: 'products with a price in 17,576 currencies',
    owners: 4,
    catalogue: 0,
    lines: 30,
    line: () => lineOf('product', { name: 'Dear', price: prices(CURRENCIES) }),
    imported: 1,
    errors: 0,
  },
  {
    name: 'products with 17,576 prices, all wrong',
    owners: 4,
    catalogue: 0,
    lines: 40,
    line: () =>
      lineOf('product', {
        name: 'Dear',
        price: Object.fromEntries(CURRENCIES.map((code) => [code.toLowerCase(), 1])),
      }),
    imported: 0,
    errors: 1001,
  },
  {
    name: 'products with a price in 60,000 currencies',
    owners: 4,
    catalogue: 0,
    lines: 40,
    line: () =>
      lineOf('product', {
        name: 'Dear',
        price: Object.fromEntries(listOf(60_000, (index) => [`C${index}`, 1])),
      }),
    imported: 0,
    errors: 1,
  },
  {
    name: 'offerings of long external_refs with 1,000 mistakes',
    owners: 4,
    catalogue: 0,
    lines: 40,
    line: (number) =>
      offering({ external_ref: `${number}${'\u{1F525}'.repeat(2000)}`, products: Array(1000).fill(1) }),
    imported: 0,
    errors: 1000,
  },
]
