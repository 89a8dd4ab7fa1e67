import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'

type Values = readonly unknown[]
type Attributes = Readonly<Record<string, unknown>>

/** The files, by name without `.csv`. */
const FILES = ['products', 'plans', 'subscribers', 'offerings', 'offering_parts'] as const

type Name = (typeof FILES)[number]

/** How much is written at once, in characters. */
const PIECE = 2 ** 20

/**
 * Writes lines of an import file that are products, plans, subscribers and offerings as CSV, in the columns of
 * `peers/psql/import.sql`: a file for each type, with the number of the line first, and one for what offerings
 * are built from.
 *
 * @param folder is created
 * @throws Error for a line of another type
 */
export async function writeCsv(lines: Iterable<string>, folder: string): Promise<void> {
  await mkdir(folder)
  const files = new Map<Name, CsvFile>()
  try {
    for (const name of FILES) files.set(name, new CsvFile(await open(join(folder, `${name}.csv`), 'wx')))
    let number = 0
    for (const line of lines) {
      number += 1
      for (const [name, values] of rowsOf(line, number)) await files.get(name)?.add(values)
    }
    for (const file of files.values()) await file.flush()
  } finally {
    for (const { handle } of files.values()) await handle.close()
  }
}

/** The rows of a line: one, and for an offering one for each of its parts. */
function rowsOf(line: string, number: number): (readonly [Name, Values])[] {
  const { data } = JSON.parse(line) as { data: { type: string; attributes: Attributes } }
  const { type, attributes } = data
  const values = (...names: readonly string[]) => [
    number,
    attributes.external_ref,
    ...names.map((name) => attributes[name]),
  ]
  switch (type) {
    case 'subscription_product': {
      const { unit, amount } = (attributes.price_units ?? {}) as Attributes
      return [['products', [...values('name', 'description', 'sku', 'main_image', 'price'), unit, amount]]]
    }
    case 'subscription_plan':
      return [['plans', values(...PLAN)]]
    case 'subscription_subscriber':
      return [['subscribers', values('account_id', 'name', 'email', 'payment_authority')]]
    case 'subscription_offering':
      return [
        ['offerings', values('name', 'description')],
        ...partsOf(attributes, 'product', attributes.products),
        ...partsOf(attributes, 'plan', attributes.plans),
      ]
    default:
      throw new Error(`There is no CSV file for a ${type}.`)
  }
}

const PLAN = [
  'name',
  'description',
  'billing_interval_type',
  'billing_frequency',
  'plan_length',
  'trial_period',
  'end_behavior',
  'can_pause',
  'can_resume',
  'can_cancel',
  'base_price_percentage',
  'fixed_price',
]

/** The external_ref of a record that an offering names, or the record that it brings. */
const partsOf = (offering: Attributes, kind: string, parts: unknown): (readonly [Name, Values])[] =>
  ((parts ?? []) as unknown[]).map((part) => [
    'offering_parts',
    [offering.external_ref, kind, ...(typeof part === 'string' ? [part, undefined] : [undefined, part])],
  ])

/** A file that is written in large pieces. */
class CsvFile {
  readonly handle: FileHandle
  #piece = ''

  constructor(handle: FileHandle) {
    this.handle = handle
  }

  async add(values: Values): Promise<void> {
    this.#piece += `${values.map(cell).join(',')}\n`
    if (this.#piece.length >= PIECE) await this.flush()
  }

  async flush(): Promise<void> {
    await this.handle.appendFile(this.#piece)
    this.#piece = ''
  }
}

/** As RFC 4180 has it; what is not given is empty, which COPY reads as null, and an empty text has quotes. */
function cell(value: unknown): string {
  if (value === undefined || value === null) return ''
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
