import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type GenerateOptions, generateRecords, writeRecords, wrongLines } from '../../bench/generate.js'
import { recordTypeOf, recordTypes } from '../../src/records/index.js'
import { validateRecord } from '../../src/records/validate.js'

interface Line {
  readonly data: { readonly type: string; readonly attributes: Record<string, unknown> }
}

const parsed = (records: number, seed?: number) =>
  [...generateRecords({ records, ...(seed !== undefined && { seed }) })].map(
    (line) => (JSON.parse(line) as Line).data,
  )

const refsOf = (records: readonly Line['data'][], type: string) =>
  records.flatMap(({ type: own, attributes }) => (own === type ? (attributes.external_ref ?? []) : []))

test('every record is valid by the rules of its type', () => {
  const problems = parsed(2000).flatMap(({ type, attributes }) => {
    const recordType = recordTypeOf(type)
    if (!recordType) throw new Error(`unknown type ${type}`)
    return validateRecord(recordType, attributes)
  })
  expect(problems).toEqual([])
})

test('all types except features occur, and a line has some 290 bytes', () => {
  const lines = [...generateRecords({ records: 2000 })]
  const types = new Set(lines.map((line) => (JSON.parse(line) as Line).data.type))
  expect(types).toEqual(new Set(recordTypes.flatMap(({ type, noun }) => (noun === 'feature' ? [] : type))))
  const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0) / lines.length
  expect(bytes).toBeGreaterThan(275)
  expect(bytes).toBeLessThan(305)
})

test('an external_ref occurs once, and not in a file of another seed', () => {
  const records = [...parsed(2000, 1), ...parsed(2000, 2)]
  for (const { type } of recordTypes) {
    const refs = refsOf(records, type)
    expect(new Set(refs).size).toBe(refs.length)
  }
})

test.each([1, 2, 3, 7, 10, 25, 2000])(
  'of %i records, the offerings name only what is in the file, each once',
  (records) => {
    const all = parsed(records)
    const inFile = {
      products: new Set(refsOf(all, 'subscription_product')),
      plans: new Set(refsOf(all, 'subscription_plan')),
    }
    for (const { type, attributes } of all) {
      if (type !== 'subscription_offering') continue
      for (const attribute of ['products', 'plans'] as const) {
        const named = (attributes[attribute] as unknown[]).filter((element) => typeof element === 'string')
        expect(new Set(named).size).toBe(named.length)
        expect(named.filter((ref) => !inFile[attribute].has(ref))).toEqual([])
      }
    }
  },
)

test('offerings come before and after what they name, and hold some inline', () => {
  const all = parsed(2000)
  const lineOf = new Map(all.map(({ attributes }, line) => [attributes.external_ref, line]))
  const places = all.flatMap(({ type, attributes }, line) =>
    type === 'subscription_offering'
      ? (attributes.products as unknown[]).map((element) =>
          typeof element !== 'string' ? 'inline' : (lineOf.get(element) ?? 0) < line ? 'above' : 'below',
        )
      : [],
  )
  expect(new Set(places)).toEqual(new Set(['above', 'below', 'inline']))
})

test('the same numbers give the same lines, another seed gives others', () => {
  expect(parsed(500, 7)).toEqual(parsed(500, 7))
  expect(parsed(500, 7)).not.toEqual(parsed(500, 8))
})

test('the written file has the lines, each ended by a newline', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'intake-test-'))
  try {
    const file = join(folder, 'records.jsonl')
    await writeRecords({ records: 1234, seed: 5 }, file)
    const lines = [...generateRecords({ records: 1234, seed: 5 })]
    expect(await readFile(file, 'utf8')).toBe(lines.map((line) => `${line}\n`).join(''))
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('a file of only products has valid ones, every second with a unique name', () => {
  const products = [...generateRecords({ records: 2000, content: 'products' })].map(
    (line) => (JSON.parse(line) as Line).data,
  )
  const recordType = recordTypeOf('subscription_product')
  if (!recordType) throw new Error('products are no longer a type')
  expect(products.flatMap(({ attributes }) => validateRecord(recordType, attributes))).toEqual([])
  expect(new Set(products.map(({ type }) => type))).toEqual(new Set(['subscription_product']))
  expect(new Set(refsOf(products, 'subscription_product')).size).toBe(2000)
  const times = new Map<unknown, number>()
  for (const { attributes } of products) times.set(attributes.name, (times.get(attributes.name) ?? 0) + 1)
  expect([...times.values()].filter((count) => count === 1)).toHaveLength(1000)
})

test('every record has an external_ref if that is requested', () => {
  const all = parsedOf({ records: 2000, content: 'referenced' })
  expect(all.filter(({ attributes }) => attributes.external_ref === undefined)).toEqual([])
})

test('every tenth line has one mistake, and no other line has any', () => {
  const lines = [...generateRecords({ records: 2000, content: 'tenth-wrong' })]
  const wrong = lines.flatMap((line, index) => (problemsOf(line) === 0 ? [] : [index]))
  expect(wrong).toEqual(Array.from({ length: wrongLines(2000) }, (_, index) => index * 10 + 9))
  expect(lines.map(problemsOf).filter((count) => count > 1)).toEqual([])
})

test('a file of only offerings names two products and a plan of the catalogue each, and an inline plan', () => {
  const catalogue = new Set(
    parsedOf({ records: 1000, content: 'catalogue' }).map(({ attributes }) => attributes.external_ref),
  )
  for (const { attributes } of parsedOf({ records: 1000, content: 'offerings' })) {
    const [products, plans] = [attributes.products as unknown[], attributes.plans as unknown[]]
    const named = [...products, ...plans].filter((element) => typeof element === 'string')
    expect([products.length, plans.length, new Set(named).size]).toEqual([2, 2, 3])
    expect(named.filter((ref) => !catalogue.has(ref))).toEqual([])
  }
})

const parsedOf = (options: GenerateOptions) =>
  [...generateRecords(options)].map((line) => (JSON.parse(line) as Line).data)

/** How many errors a line has; one if it is not a record. */
function problemsOf(line: string): number {
  try {
    const { type, attributes } = (JSON.parse(line) as Line).data
    const recordType = recordTypeOf(type)
    return recordType ? validateRecord(recordType, attributes).length : 1
  } catch {
    return 1
  }
}
