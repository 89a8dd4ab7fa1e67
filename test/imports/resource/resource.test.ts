import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { ImportResource } from '../../support/api.js'
import { anOffering, aPlan, aProduct, aSubscriber, counts, file, times } from '../../support/builders.js'
import { testService } from '../../support/service.js'

const service = testService()

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/

/** What an import's `meta` has from the beginning. */
const ALWAYS = ['created_by', 'errors', 'file', 'owner', 'progress', 'records', 'timestamps', 'warnings']

const sum = (byType: Readonly<Record<string, number>>): number =>
  Object.values(byType).reduce((total, count) => total + count, 0)

describe('The Import resource', () => {
  test('goes from pending to started to success, and has each value as soon as it exists', async () => {
    const store = await service.addStore()
    const client = await service.pool.connect()
    let first: ImportResource
    let second: ImportResource
    try {
      // The worker gets to its first product, and no further.
      await client.query('begin')
      await client.query('lock table products in exclusive mode')
      first = await store.create(file(aProduct({ name: 'no' }), aProduct()), { externalRef: 'first' })
      second = await store.create(file(aPlan()))

      expect(first.attributes).toEqual({ external_ref: 'first', status: 'pending' })
      expect(Object.keys(first.meta).sort()).toEqual(ALWAYS)
      expect(Object.keys(first.meta.timestamps).sort()).toEqual(['created_at', 'updated_at'])

      const started = await store.waitFor(first.id, 'started')
      expect(Object.keys(started.meta).sort()).toEqual(ALWAYS)
      expect(Object.keys(started.meta.timestamps).sort()).toEqual(['created_at', 'started_at', 'updated_at'])
      expect(started.meta.records).toEqual({ uploaded: counts(2), imported: counts() })
      // One import of an owner runs at a time, the earliest created first.
      expect((await store.find(second.id)).attributes).toEqual({ status: 'pending' })
      // Other owners' imports run beside it.
      const other = await (await service.addStore()).import(file(aSubscriber()))
      expect(other.attributes.status).toBe('success')
    } finally {
      await client.query('rollback')
      client.release()
    }
    const done = await store.finished(first.id)
    expect(done).toEqual({
      ...first,
      attributes: { external_ref: 'first', status: 'success' },
      meta: {
        ...first.meta,
        timestamps: {
          created_at: first.meta.timestamps.created_at,
          updated_at: expect.stringMatching(TIME),
          started_at: expect.stringMatching(TIME),
          finished_at: expect.stringMatching(TIME),
        },
        records: { uploaded: counts(2), imported: counts(1) },
        progress: 1,
        errors: 1,
        warnings: 1,
      },
    })
    const { created_at, started_at, finished_at, updated_at } = done.meta.timestamps
    expect(created_at).toMatch(TIME)
    const order = [created_at, started_at, finished_at, updated_at]
    expect(order.toSorted()).toEqual(order)
    const next = await store.finished(second.id)
    expect(String(next.meta.timestamps.started_at) >= String(finished_at)).toBe(true)
    // Never back: what has ended stays as it is.
    expect(await store.find(first.id)).toEqual(done)
  })

  test('is failed, with reason and detail, when every record was rejected', async () => {
    const { attributes, meta } = await service.api.import(
      file(aProduct({ name: 'no' }), '{', aPlan({ name: 7 })),
    )
    expect(attributes).toEqual({ status: 'failed' })
    expect(meta.failure).toEqual({
      reason: expect.stringMatching(/./),
      detail: expect.stringMatching(/rejected/),
    })
    expect(meta.records).toEqual({ uploaded: counts(1, 1), imported: counts() })
    expect(meta.errors).toBe(3)
    expect(Object.keys(meta.timestamps).sort()).toEqual([
      'created_at',
      'finished_at',
      'started_at',
      'updated_at',
    ])
  })

  test('is success when a single record was imported', async () => {
    const { attributes, meta } = await service.api.import(`${times(50, () => '{')}${file(aSubscriber())}`)
    expect(attributes.status).toBe('success')
    expect(meta.failure).toBeUndefined()
    expect(meta.records.imported).toEqual(counts(0, 0, 1))
  })

  test('is the same in the list as by itself, and under /v2', async () => {
    const store = await service.addStore()
    const one = await store.import(file(aProduct()), { externalRef: 'one' })
    for (const prefix of ['/subscriptions', '/v2/subscriptions']) {
      expect((await store.get(`${prefix}/imports`)).body.data).toEqual([one])
      expect((await store.get(`${prefix}/imports/${one.id}`)).body).toEqual({ data: one })
      expect((await store.get(`${prefix}/imports/${one.id.toUpperCase()}`)).body).toEqual({ data: one })
    }
  })
})

describe('The lines of a file', () => {
  const [product, plan] = [JSON.stringify(aProduct()), JSON.stringify(aPlan())]
  const bom = '\u{feff}'

  test.each<[string, string, { lines: number; blank?: number; malformed?: readonly number[] }]>([
    ['end with LF', `${product}\n${plan}\n`, { lines: 2 }],
    ['end with CRLF', `${product}\r\n${plan}\r\n`, { lines: 2 }],
    ['end with either', `${product}\r\n${plan}\n`, { lines: 2 }],
    ['may lack the last newline', `${product}\n${plan}`, { lines: 2 }],
    ['may lack the last newline and have a CR', `${product}\r\n${plan}\r`, { lines: 2 }],
    ['may begin with a byte-order mark', `${bom}${product}\n${plan}\n`, { lines: 2 }],
    ['may have a byte-order mark and CRLF', `${bom}${product}\r\n${plan}\r\n`, { lines: 2 }],
    ['may be blank', `\n${product}\n\r\n \t\n${plan}\n\n`, { lines: 6, blank: 4 }],
    ['may be blank behind a byte-order mark', `${bom}\n${product}\n${plan}\n`, { lines: 3, blank: 1 }],
    ['may have spaces around', `  ${product}\t\n\t${plan}  \r\n`, { lines: 2 }],
    [
      'are counted from 1, blank ones too',
      `\n{\n${product}\n\n[]\n${plan}\nnull`,
      { lines: 7, blank: 2, malformed: [2, 5, 7] },
    ],
    [
      'have a byte-order mark at the beginning of the file alone',
      `${product}\n${bom}${plan}\n${plan}`,
      { lines: 3, malformed: [2] },
    ],
    ['do not end with CR alone', `${product}\n${plan}\n${product}\r${plan}\n`, { lines: 3, malformed: [3] }],
    [
      'do not end with U+2028',
      `${JSON.stringify(aProduct({ description: 'a\u{2028}b\u{85}c' }))}\n${plan}`,
      { lines: 2 },
    ],
  ])('%s', async (_, content, { lines, blank = 0, malformed = [] }) => {
    const { id, attributes, meta } = await service.api.import(content)
    expect(attributes.status).toBe('success')
    expect(meta.file).toEqual({
      name: 'import.jsonl',
      bytes: Buffer.byteLength(content),
      lines,
      sha256: createHash('sha256').update(content).digest('hex'),
    })
    expect(meta.records).toEqual({ uploaded: counts(1, 1), imported: counts(1, 1) })
    expect((await service.api.errors(id)).map(({ line }) => line)).toEqual(malformed)
    expect(blank + malformed.length + sum(meta.records.uploaded)).toBe(lines)
  })

  test.each([
    ['no JSON', 'nonsense'],
    ['cut off', '{"data":{"type":"subscription_product"'],
    ['two objects', '{} {}'],
    ['a list', '[]'],
    ['a text', '"subscription_product"'],
    ['null', 'null'],
    ['no data', '{}'],
    ['data that is no object', '{"data":[]}'],
    ['data that is null', '{"data":null}'],
    ['no type', '{"data":{"attributes":{}}}'],
    ['an unknown type', '{"data":{"type":"subscription_order"}}'],
    ['a type that is no text', '{"data":{"type":["subscription_product"]}}'],
    ['a type of another case', '{"data":{"type":"Subscription_Product"}}'],
    ['a type that every object has', '{"data":{"type":"constructor"}}'],
  ])('that are malformed or of unknown type are one error each: %s', async (_, line) => {
    const { id, meta } = await service.api.import(file(line, aProduct(), line))
    expect(meta.records.uploaded).toEqual(counts(1))
    expect(meta.errors).toBe(2)
    expect(await service.api.errors(id)).toEqual(
      [1, 3].map((number) => ({
        line: number,
        field: '',
        error: expect.stringMatching(/./),
        externalRef: undefined,
      })),
    )
  })

  test('that are not UTF-8 are one error each, and the others are imported', async () => {
    const content = Buffer.concat([
      Buffer.from(`${product}\n`),
      Buffer.from(JSON.stringify(aProduct({ name: 'größe' })), 'latin1'),
      Buffer.from(`\n${plan}\n`),
    ])
    const { id, meta } = await service.api.import(content)
    expect(meta.records.imported).toEqual(counts(1, 1))
    expect(await service.api.errors(id)).toEqual([
      { line: 2, field: '', error: expect.stringContaining('UTF-8'), externalRef: undefined },
    ])
  })

  test('may be a single record among many that are none', async () => {
    const { meta } = await service.api.import(
      `${times(500, () => 'name;sku')}${file(anOffering())}${times(500, () => '')}`,
    )
    expect(meta.records).toEqual({ uploaded: counts(0, 0, 0, 1), imported: counts(0, 0, 0, 1) })
    expect(meta.file.lines).toBe(1001)
    expect(meta.errors).toBe(500)
  })

  test('imported + rejected = uploaded for every type, and all lines are accounted for', async () => {
    const store = await service.addStore()
    const kinds = (round: number) => [
      aProduct({ name: round % 3 ? 'fine' : 'no' }),
      aPlan({ plan_length: round % 7 }),
      aSubscriber({ email: round % 2 ? 'a@example.com' : 'nobody' }),
      anOffering({ products: round % 5 ? [aProduct().data.attributes] : ['missing', 'missing too'] }),
      '',
      '{',
    ]
    const { id, meta } = await store.import(
      times(300, (index) => kinds(Math.floor(index / 6)).at(index % 6) ?? ''),
    )
    const { uploaded, imported } = meta.records
    expect(uploaded).toEqual(counts(50, 50, 50, 50))
    expect(imported).toEqual(counts(33, 42, 25, 40))
    const rejected = [17, 8, 25, 10, 0, 50]
    const lines = new Set((await store.errors(id)).map(({ line }) => line))
    expect(rejected.map((_, kind) => [...lines].filter((line) => (line - 1) % 6 === kind).length)).toEqual(
      rejected,
    )
    expect(50 + 50 + sum(uploaded)).toBe(meta.file.lines)
    for (const [type, list] of [
      ['subscription_product', 'products'],
      ['subscription_plan', 'plans'],
      ['subscription_subscriber', 'subscribers'],
      ['subscription_offering', 'offerings'],
    ] as const) {
      const { body } = await store.get(`/subscriptions/${list}`)
      expect(body.meta.results.total).toBe(imported[type])
    }
  })
})
