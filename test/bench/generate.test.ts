import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
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

test('all types occur, and a line has some 335 bytes', () => {
  const lines = [...generateRecords({ records: 2000 })]
  const types = new Set(lines.map((line) => (JSON.parse(line) as Line).data.type))
  expect(types).toEqual(new Set(recordTypes.map(({ type }) => type)))
  const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0) / lines.length
  expect(bytes).toBeGreaterThan(320)
  expect(bytes).toBeLessThan(350)
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

describe('A file of subscriptions', () => {
  const all = parsedOf({ records: 5000, content: 'subscriptions' })
  const attributesOf = (type: string) =>
    all.flatMap(({ type: own, attributes }) => (own === type ? [attributes] : []))
  const subscriptions = attributesOf('subscription')
  const offerings = attributesOf('subscription_offering')

  test('has two subscriptions in five lines, and 400 to an offering', () => {
    expect([all.length, subscriptions.length, offerings.length]).toEqual([5000, 2000, 5])
  })

  test('has records that are valid by the rules of their types', () => {
    const problems = all.flatMap(({ type, attributes }) => {
      const recordType = recordTypeOf(type)
      return recordType ? validateRecord(recordType, attributes) : []
    })
    expect(problems).toEqual([])
  })

  test('has subscriptions to all its offerings, above and below them, and some that bring their own', () => {
    const lineOf = new Map(all.map(({ attributes }, line) => [attributes, line]))
    const places = all.map(({ type, attributes }, line) => {
      if (type !== 'subscription') return 'none'
      if (attributes.offering !== undefined) return 'inline'
      const offering = offerings.find(({ external_ref }) => external_ref === attributes.offering_external_ref)
      return offering && (lineOf.get(offering) ?? 0) < line ? 'below' : 'above'
    })
    expect(new Set(places)).toEqual(new Set(['none', 'inline', 'below', 'above']))
    const used = new Set(subscriptions.map(({ offering_external_ref }) => offering_external_ref))
    expect(used).toEqual(new Set([undefined, ...refsOf(all, 'subscription_offering')]))
  })

  test('selects a plan of the offering, where there are several', () => {
    const plansOf = new Map(offerings.map(({ external_ref, plans }) => [external_ref, plans as unknown[]]))
    for (const { offering_external_ref, selected_plan } of subscriptions) {
      const plans = plansOf.get(offering_external_ref)
      if (!plans) continue
      if (selected_plan === undefined) expect(plans).toHaveLength(1)
      else expect(plans).toContain(selected_plan)
    }
  })

  test('has subscriptions of subscribers, in every state', () => {
    const accounts = new Set(attributesOf('subscription_subscriber').map(({ account_id }) => account_id))
    expect(subscriptions.filter(({ account_id }) => !accounts.has(account_id))).toEqual([])
    for (const attribute of ['started_at', 'paused_at', 'canceled_at', 'pending', 'go_live_after'])
      expect(subscriptions.filter((one) => one[attribute] !== undefined)).not.toHaveLength(0)
    const { length } = subscriptions.filter((one) => one.started_at && !one.first_invoice_paid)
    expect(length).toBe(0)
  })
})

test('subscriptions alone name the offerings of the business of as many records, one for 400', () => {
  const business = parsedOf({ records: 2000, content: 'business' })
  const offerings = new Set(refsOf(business, 'subscription_offering'))
  expect(offerings.size).toBe(5)
  const alone = parsedOf({ records: 2000, content: 'subscriptions-alone' })
  expect(new Set(alone.map(({ type }) => type))).toEqual(new Set(['subscription']))
  const named = alone.flatMap(({ attributes }) => attributes.offering_external_ref ?? [])
  expect(new Set(named)).toEqual(offerings)
})

test.each([1, 2, 7, 30])(
  'a file of only %i records of a business refers to nothing outside it',
  (records) => {
    const all = parsedOf({ records, content: 'subscriptions' })
    const refs = new Set(all.map(({ attributes }) => attributes.external_ref))
    const named = all.flatMap(({ attributes }) =>
      [attributes.offering_external_ref, attributes.products, attributes.plans, attributes.features]
        .flat()
        .filter((element) => typeof element === 'string'),
    )
    expect(named.filter((ref) => !refs.has(ref))).toEqual([])
  },
)

function parsedOf(options: GenerateOptions) {
  return [...generateRecords(options)].map((line) => (JSON.parse(line) as Line).data)
}

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
