import { describe, expect, test } from 'vitest'
import type { Api } from '../support/api.js'
import { anOffering, aPlan, aProduct, aSubscriber, counts, file } from '../support/builders.js'
import { ownerIdOf } from '../support/rows.js'
import { testService } from '../support/service.js'

const service = testService()

/**
 * Each is altered by some trimming, normalising, case folding, escaping or re-encoding that must not take
 * place.
 */
const texts: Readonly<Record<string, string>> = {
  'spaces around': '  a b  ',
  'only spaces': '   ',
  'tabs and newlines': '\t\n\r\n\v\f ab',
  'no-break and zero-width spaces': '\u00a0\u200b\u2003\u3000\u0085',
  'a byte-order mark': '\ufeffabc\ufeff',
  'line and paragraph separators': 'a\u2028b\u2029c',
  'composed letters': 'é\u00e5\u1e9b\u0323',
  'decomposed letters': 'e\u0301a\u030a\u017f\u0323\u0307',
  'compatibility forms': 'ﬁ①Å\u212b½',
  'letters that change with case': 'İıſßẞΣς',
  'Hangul syllables and jamo': '한\u1112\u1161\u11ab',
  'stacked combining marks': `Z${'\u0334\u0353\u0346'.repeat(20)}algo`,
  'a leading combining mark': '\u0301abc',
  emoji: '😀👍🏽🇩🇪1️⃣❤️❤',
  'emoji joined by zero-width joiners': '👩‍👩‍👧‍👦🏴‍☠️',
  'right to left': 'שלום עליכם مرحبا',
  'bidirectional controls': 'a\u202eb\u2066c\u2069d\u200f',
  'the ends of the planes': '\uffff\ufffe\ufdd0\u{1ffff}\u{10ffff}\ue000\ud7ff',
  'control characters': '\u0001\u0002\u001f\u007f\u0080\u009f',
  'the replacement character': 'a\ufffdb',
  quotes: `"'\`‘’“”`,
  backslashes: '\\\\n\\u0041\\',
  'a PostgreSQL array': '{NULL,"a",b\\,}',
  'a word that PostgreSQL knows': 'NULL',
  'a statement': "'; drop table products; --",
  'parameters and formats': '$1 %s ? :name {x}',
  'JSON in a text': '{"a":"\\u0000"}',
  'digits that are no number': '007.50',
  'a word of JSON': 'null',
  'markup and entities': '<b>&amp;&#0;</b>',
}

const codePoints = (value: unknown) => (typeof value === 'string' ? Array.from(value) : value)

/**
 * The attributes of all the owner's records of a table, as GET answers them one by one, in the order of the
 * file.
 */
async function readAll(api: Api, table: string): Promise<Record<string, unknown>[]> {
  const { body } = await api.get(`/subscriptions/${table}?page[limit]=100`)
  const ids: string[] = body.data.map(({ id }: { id: string }) => id).reverse()
  return await Promise.all(
    ids.map(async (id) => {
      const { status, body } = await api.get(`/subscriptions/${table}/${id}`)
      expect(status).toBe(200)
      const { created_at, updated_at, ...attributes } = body.data.attributes
      expect(body.data.meta.timestamps).toEqual({ created_at, updated_at })
      return attributes
    }),
  )
}

describe.each([
  ['products', aProduct, ['external_ref', 'name', 'description', 'sku']],
  ['plans', aPlan, ['external_ref', 'name', 'description']],
  ['subscribers', aSubscriber, ['external_ref', 'name']],
  ['offerings', anOffering, ['external_ref', 'name', 'description']],
] as const)(
  'Every text of %s is stored and returned code point by code point',
  (table, build, attributes) => {
    // A name has at least three characters, some of the texts have fewer.
    const values = Object.values(texts).map((text) => (Array.from(text).length < 3 ? `${text}...` : text))
    const lines = values.map((text) => build(Object.fromEntries(attributes.map((name) => [name, text]))))

    const imported = async (api: Api, content: string) =>
      expect(await api.errors((await api.import(content)).id)).toEqual([])

    test.each<[string, (api: Api) => Promise<unknown>]>([
      ['in a file, written as UTF-8', (api) => imported(api, file(...lines))],
      [
        'in a file, written as escapes',
        (api) =>
          imported(
            api,
            file(...lines.map((line) => JSON.stringify(line))).replace(
              /[^\n -~]/g,
              (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
            ),
          ),
      ],
      [
        'in the body of a POST',
        async (api) => {
          for (const line of lines) await api.add(line)
        },
      ],
    ])('%s', async (_, put) => {
      const api = await service.addStore()
      await put(api)

      const read = await readAll(api, table)
      const { rows: stored } = await service.pool.query(
        `select * from ${table} where owner_id = $1 order by id`,
        [await ownerIdOf(service.pool, api)],
      )
      for (const name of attributes) {
        expect(read.map((one) => codePoints(one[name]))).toEqual(values.map(codePoints))
        expect(stored.map((one) => codePoints(one[name]))).toEqual(values.map(codePoints))
      }
    })
  },
)

test('Texts of the greatest length come back whole', async () => {
  const api = await service.addStore()
  const attributes = {
    external_ref: '😀'.repeat(2048),
    name: 'e\u0301'.repeat(512),
    description: '\u{10ffff}'.repeat(1024),
    sku: '\\"'.repeat(512),
  }
  await api.import(file(aProduct(attributes)))
  expect(await readAll(api, 'products')).toEqual([attributes])
})

/** The values at the limits of each attribute, except texts. */
const edges = (() => {
  const max = Number.MAX_SAFE_INTEGER
  const price = {
    USD: { amount: max, includes_tax: false },
    EUR: { amount: -max, includes_tax: true },
    JPY: { amount: 0 },
    AAA: { amount: 2 ** 32 },
    ZZZ: { amount: -(2 ** 32) - 1 },
  }
  const plan = aPlan().data.attributes
  const subscriber = aSubscriber().data.attributes
  return {
    products: [
      { name: 'First', price, price_units: { unit: 'month', amount: max } },
      { name: 'Second', price: {}, price_units: { unit: 'day', amount: 1 } },
      { name: 'Third', main_image: 'HTTPS://Example.com:443/%7Ea/../b?c#d' },
      { name: 'Fourth', main_image: `urn:${'x'.repeat(1020)}` },
      { name: 'Fifth', description: '', sku: '' },
    ],
    plans: [
      ...[0, 0.1, 33.3333333333333, 1.23456789012345, 1e-307, 1e-7, 99.9999999999999, 100].map(
        (percentage, index) => ({
          ...plan,
          billing_frequency: max - index,
          plan_length: index + 1,
          trial_period: index,
          can_pause: index % 2 === 0,
          can_resume: index % 3 === 0,
          can_cancel: false,
          base_price_percentage: percentage,
          fixed_price: price,
        }),
      ),
      ...[2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, max].map((trial_period) => ({
        ...plan,
        trial_period,
      })),
      ...['day', 'week', 'month', 'year'].map((billing_interval_type) => ({
        ...plan,
        billing_interval_type,
      })),
      { ...plan, end_behavior: 'close' },
    ],
    subscribers: [
      ...['a@b.co', "O'Brien+Tag@EXAMPLE.com", `${'x'.repeat(64)}@${'y'.repeat(60)}.example`].map(
        (email) => ({
          ...subscriber,
          email,
        }),
      ),
      ...['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'].map(
        (account_id) => ({
          ...subscriber,
          account_id,
        }),
      ),
    ],
  } as const
})()

describe('Numbers, booleans, prices, URIs, addresses and UUIDs come back as they were', () => {
  const build = { products: aProduct, plans: aPlan, subscribers: aSubscriber } as const
  const tables = ['products', 'plans', 'subscribers'] as const

  test.each<[string, (api: Api) => Promise<unknown>]>([
    [
      'from the lines of a file',
      (api) => api.import(file(...tables.flatMap((table) => edges[table].map((one) => build[table](one))))),
    ],
    [
      'from bodies of POST',
      async (api) => {
        for (const table of tables) for (const one of edges[table]) await api.add(build[table](one))
      },
    ],
    [
      'from lines that are written into records that are there',
      async (api) => {
        const all = (change: object) =>
          file(
            ...tables.flatMap((table) =>
              edges[table].map((one, index) =>
                build[table]({ ...one, ...change, external_ref: `r-${index}` }),
              ),
            ),
          )
        await api.import(all({ name: 'Before' }))
        await api.import(all({}), { onConflict: 'update' })
      },
    ],
  ])('%s', async (_, put) => {
    const api = await service.addStore()
    await put(api)
    const ownerId = await ownerIdOf(service.pool, api)
    for (const table of tables) {
      const expected = edges[table].map((one) => ({ ...one, external_ref: undefined }))
      const read = await readAll(api, table)
      expect(read.map((one) => ({ ...one, external_ref: undefined }))).toEqual(expected)
      const { rows } = await service.pool.query(
        `select to_jsonb(t)::text as row from ${table} t where owner_id = $1 order by id`,
        [ownerId],
      )
      expect(rows.map(({ row }) => asAttributes(JSON.parse(row)))).toEqual(expected)
    }
  })

  /** A row as attributes, assembled independently. */
  function asAttributes(row: Record<string, unknown>): Record<string, unknown> {
    const {
      owner_id,
      id,
      created_at,
      updated_at,
      external_ref,
      price_units_unit,
      price_units_amount,
      ...rest
    } = row
    const units =
      price_units_unit === null || price_units_unit === undefined
        ? undefined
        : { unit: price_units_unit, amount: price_units_amount }
    return Object.fromEntries(
      Object.entries({ ...rest, price_units: units }).filter(([, value]) => value !== null),
    )
  }
})

test('What is null, unknown or not given is absent', async () => {
  const api = await service.addStore()
  await api.import(
    file(
      aProduct({ description: null, sku: null, price: null, price_units: null, status: 'active', id: 'x' }),
      aPlan({ trial_period: null, fixed_price: null, base_price_percentage: null, status: 'active' }),
      aSubscriber({ external_ref: null, type: 'person' }),
      aProduct({
        price: { USD: { amount: 1, formatted: '$0.01' } },
        price_units: { unit: 'day', amount: 1, x: 1 },
      }),
    ),
  )
  expect(await readAll(api, 'products')).toEqual([
    aProduct().data.attributes,
    {
      ...aProduct().data.attributes,
      price: { USD: { amount: 1 } },
      price_units: { unit: 'day', amount: 1 },
    },
  ])
  expect(await readAll(api, 'plans')).toEqual([aPlan().data.attributes])
  expect(await readAll(api, 'subscribers')).toEqual([aSubscriber().data.attributes])
})

test('The last of a repeated key is stored', async () => {
  const api = await service.addStore()
  const { meta } = await api.import(
    file(
      '{"data":{"type":"nothing","type":"subscription_product","attributes":5,"attributes":{"name":"First","sku":"a","name":"Second","sku":null}}}',
      '{"data":5,"data":{"type":"subscription_product","attributes":{"price":{"USD":{"amount":1},"USD":{"amount":2,"amount":3}},"name":"Third"}}}',
    ),
  )
  expect(meta.records.imported).toEqual(counts(2))
  expect(await readAll(api, 'products')).toEqual([
    { name: 'Second' },
    { name: 'Third', price: { USD: { amount: 3 } } },
  ])
})
