import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PROBLEM_CODES } from '../../../src/schema/problem.js'
import { anOffering, aPlan, aProduct, aSubscriber, file } from '../../support/builders.js'
import { newStoreEach, testService } from '../../support/service.js'

const service = testService()
const store = newStoreEach(service)

interface ErrorMeta {
  readonly line_number: number
  readonly record_type?: string
  readonly field: string
  readonly code: string
  readonly value?: string
  readonly used_by?: unknown
}

/** What the report of a file says, line by line: field, code, value. */
async function reported(content: string | Buffer): Promise<[string, string, string | undefined][]> {
  const { id } = await store.import(content)
  return (await metas(id)).map(({ field, code, value }) => [field, code, value])
}

async function metas(id: string, query = ''): Promise<ErrorMeta[]> {
  const { status, body } = await store.get(`/subscriptions/imports/${id}/errors?page[limit]=100${query}`)
  expect(status).toBe(200)
  return body.data.map(({ meta }: { meta: ErrorMeta }) => meta)
}

const wrong = (attributes: Record<string, unknown>) => file(aProduct(attributes), aProduct())

describe('an error', () => {
  test.each([
    ['a missing attribute', { name: undefined }, 'name', 'required', undefined],
    ['a short text', { name: 'ab' }, 'name', 'too_short', 'ab'],
    ['a long text', { sku: 'x'.repeat(1025) }, 'sku', 'too_long', `${'x'.repeat(199)}…`],
    ['another type', { sku: 12 }, 'sku', 'wrong_type', '12'],
    [
      'an object where a text is due',
      { sku: { a: [1, null, 'b'] } },
      'sku',
      'wrong_type',
      '{"a":[1,null,"b"]}',
    ],
    ['an empty list where a text is due', { sku: [] }, 'sku', 'wrong_type', '[]'],
    ['a form', { main_image: 'no' }, 'main_image', 'wrong_format', 'no'],
    ['a choice', { price_units: { unit: 'week', amount: 1 } }, 'price_units.unit', 'not_one_of', 'week'],
    ['a range', { price_units: { unit: 'day', amount: 0 } }, 'price_units.amount', 'out_of_range', '0'],
    ['a currency', { price: { usd: { amount: 1 } } }, 'price.usd', 'wrong_format', 'usd'],
    ['a text that cannot be stored', { name: 'abc\0' }, 'name', 'not_storable', '"abc\\u0000"'],
  ])('about %s has a code and what stood there', async (_, attributes, field, code, value) => {
    expect(await reported(wrong(attributes))).toEqual([[field, code, value]])
  })

  test('about a number that a double may have altered has no value, which would be another number', async () => {
    const price = (amount: string) =>
      JSON.stringify(aProduct({ price: { EUR: { amount: 0 } } })).replace(':0', `:${amount}`)
    const lines = ['9007199254740993', '1e999', '-9007199254740991.5'].map(price)
    const { id } = await store.import(lines.join('\n'))
    expect((await metas(id)).map(({ field, value }) => [field, value])).toEqual(
      lines.map(() => ['price.EUR.amount', undefined]),
    )
    const list = lines.map((line) => line.replace('"name":"', '"sku":[[9007199254740993,1]],"name":"'))
    const { id: nested } = await store.import(list[0] ?? '')
    expect((await metas(nested)).map(({ value }) => value)).toContain('[[…,1]]')
  })

  test('about a whole line has a code and no value', async () => {
    const lines = [
      '{',
      '[]',
      '{"data":{"type":"subscription_thing"}}',
      '{"data":{"type":"subscription_plan"}}',
    ]
    expect(await reported(file(aProduct(), ...lines))).toEqual([
      ['', 'malformed', undefined],
      ['', 'malformed', undefined],
      ['', 'unknown_type', undefined],
      ['', 'required', undefined],
    ])
  })

  test('about a reference names what leads nowhere or stands there twice', async () => {
    const content = file(
      aProduct({ external_ref: 'p' }),
      aPlan({ external_ref: 'l' }),
      anOffering({ products: ['p', 'p', 'q'], plans: ['l'] }),
    )
    expect(await reported(content)).toEqual([
      ['products[1]', 'repeated_reference', 'p'],
      ['products[2]', 'not_found', 'q'],
    ])
  })

  test('never shows a payment authority', async () => {
    const authority = { type: 'elastic_path_payments_stripe', customer_id: 'ab', card_id: 7 }
    const content = file(
      aSubscriber({ payment_authority: authority }),
      aSubscriber({ payment_authority: 'ab' }),
    )
    const found = await reported(content)
    expect(found.length).toBeGreaterThan(2)
    for (const [field, , value] of found) {
      expect(field).toMatch(/^payment_authority/)
      expect(value).toBeUndefined()
    }
  })

  test('says who has an external_ref: a line of the file, or a record', async () => {
    const { id } = await store.add(aProduct({ external_ref: 'there' }))
    const one = await store.import(
      file(
        aProduct({ external_ref: 'a' }),
        aProduct({ external_ref: 'a' }),
        aProduct({ external_ref: 'there' }),
      ),
    )
    const found = await metas(one.id)
    expect(found.map(({ code, value, used_by }) => [code, value, used_by])).toEqual([
      ['taken', 'a', { line_number: 1 }],
      ['taken', 'there', { type: 'subscription_product', id }],
    ])
  })

  test('in an answer of 400 has a code too', async () => {
    const { body } = await store.post('/subscriptions/products', {
      data: { type: 'subscription_product', attributes: { name: 'ab', sku: 1 } },
    })
    expect(body.errors.map(({ meta }: { meta: unknown }) => meta)).toEqual([
      { code: 'too_short' },
      { code: 'wrong_type' },
    ])
  })
})

describe('the filter of errors', () => {
  const content = file(
    aProduct({ name: 'ab' }),
    aPlan({ name: 'ab' }),
    '{',
    aProduct({ name: 'ab', sku: 1 }),
    aProduct({ sku: 2 }),
    anOffering({ products: ['x', 'y'] }),
    aProduct({ name: undefined }),
    aProduct(),
  )
  /** The lines of what a filter finds, and how many there are. */
  const linesOf = async (id: string, filter: string) => {
    const path = `/subscriptions/imports/${id}/errors?filter=${encodeURIComponent(filter)}`
    const { status, body } = await store.get(path)
    expect(status).toBe(200)
    const lines = body.data.map(({ meta }: { meta: ErrorMeta }) => meta.line_number)
    expect(body.meta.results.total).toBe(lines.length)
    const streamed = await store.request(path, { headers: { accept: 'application/jsonl' } })
    const all = String(streamed.body).split('\n').filter(Boolean)
    expect(all.map((line) => JSON.parse(line).meta.line_number)).toEqual(lines)
    return lines
  }

  test.each([
    ['eq(code,too_short)', [1, 2, 4]],
    ['in(code,wrong_type,malformed)', [3, 4, 5]],
    ['eq(type,subscription_plan)', [2]],
    ['eq(code,too_short):eq(type,subscription_product)', [1, 4]],
    ['eq(field,name)', [1, 2, 4, 7]],
    ["eq(field,'')", [3]],
    ["eq(field,'products[]')", [6, 6]],
    ["eq(field,'products[1]')", [6]],
    ["in(field,'products[1]',sku)", [4, 5, 6]],
    ["eq(field,'products[1]'):eq(field,'products[0]')", []],
    ['eq(line_number,4)', [4, 4]],
    ['ge(line_number,4):lt(line_number,6):eq(code,wrong_type)', [4, 5]],
    ['eq(code,taken)', []],
  ])('%s finds the lines %j', async (filter, lines) => {
    const { id } = await store.import(content)
    expect(await linesOf(id, filter)).toEqual(lines)
  })

  test('finds every line of a kind', async () => {
    const { id } = await store.import(content)
    const kinds = await store.read<{ id: string; meta: { lines: number } }[]>(
      `/subscriptions/imports/${id}/errors/kinds`,
    )
    expect(kinds.length).toBeGreaterThan(4)
    for (const kind of kinds) {
      expect(new Set(await linesOf(id, `eq(kind,${kind.id})`)).size).toBe(kind.meta.lines)
    }
  })

  test('of several pages keeps the order of the lines', async () => {
    const lines = Array.from({ length: 60 }, (_, index) =>
      index % 3 === 0 ? aProduct({ name: 'ab' }) : index % 3 === 1 ? aPlan({ name: 'ab' }) : '{',
    )
    const { id } = await store.import(file(...lines, aProduct()))
    const path = `/subscriptions/imports/${id}/errors?filter=eq(code,too_short)&page[limit]=7`
    const pages = await store.pages(path)
    const found = pages.flatMap(({ data }) => data).map(({ meta }) => meta.line_number)
    const wanted = lines.flatMap((line, index) => (line === '{' ? [] : [index + 1]))
    expect(found).toEqual(wanted)
  })

  test.each(['eq(code,nonsense)', 'eq(line_number,x)', 'like(field,na*)', 'eq(error,x)'])(
    'refuses %s',
    async (filter) => {
      const { id } = await store.import(content)
      const { status, body } = await store.get(`/subscriptions/imports/${id}/errors?filter=${filter}`)
      expect(status).toBe(400)
      expect(body.errors[0].detail).toMatch(/^Could not parse the supplied filter/)
    },
  )

  test('by kind is 410 for errors that are older than kinds are', async () => {
    const { id } = await store.import(content)
    await service.pool.query('update import_error_kinds set code = null, kind = null where import_id = $1', [
      id,
    ])
    const path = `/subscriptions/imports/${id}/errors?filter=`
    expect((await store.get(`${path}eq(code,too_short)`)).status).toBe(410)
    expect((await store.get(`${path}eq(line_number,1)`)).status).toBe(200)
    expect((await store.get(`/subscriptions/imports/${id}/errors/kinds`)).body.data).not.toEqual([])
  })
})

test('The guide has every code, and no other', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/guide/errors.md'), 'utf8')
  const [, table = ''] = page.split('## Codes')
  expect([...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code)).toEqual(PROBLEM_CODES)
})
