import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import zlib, { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { ImportResource } from '../../support/api.js'
import { aProduct, counts, file, times } from '../../support/builders.js'
import { expectError } from '../../support/errors.js'
import { newStoreEach, testService } from '../../support/service.js'

const MAX_UPLOAD_BYTES = 2 ** 20

const service = testService({ MAX_UPLOAD_BYTES: String(MAX_UPLOAD_BYTES) })
const api = newStoreEach(service)

const post = (body: string | Uint8Array, query = '', type = 'application/jsonl') =>
  api.request(`/subscriptions/imports${query}`, {
    method: 'POST',
    headers: { 'content-type': type },
    body: Buffer.from(body),
  })

/** What is known of an import's file but for its name. */
const unnamed = ({ meta }: ImportResource) => ({ ...meta.file, name: undefined })

const products = file(aProduct({ external_ref: 'p-1' }), aProduct({ external_ref: 'p-2' }))

describe('A file that is the whole body', () => {
  test.each(['application/jsonl', 'application/x-ndjson', 'application/jsonl; charset=utf-8'])(
    'of the type %s is imported like one in a form',
    async (type) => {
      const { status, headers, body } = await post(products, '', type)
      expect(status).toBe(201)
      expect(headers.get('location')).toBe(`/subscriptions/imports/${body.data.id}`)
      expect(body.data.meta.records.uploaded).toEqual(counts(2))
      const { meta } = await api.finished(body.data.id)
      expect(meta.records.imported).toEqual(counts(2))
    },
  )

  test('takes the options as parameters of the query', async () => {
    await api.import(products)
    const skipping = await post(products, '?external_ref=january&on_conflict=skip')
    expect(skipping.body.data.attributes.external_ref).toBe('january')
    expect((await api.finished(skipping.body.data.id)).meta.records.skipped).toEqual(counts(2))
    expect((await post(products, '?external_ref=january')).status).toBe(409)
    const rehearsal = await post(products, '?external_ref=january&dry_run=true&on_conflict=update')
    expect(rehearsal.body.data.meta).toMatchObject({ dry_run: true, on_conflict: 'update' })
  })

  test.each([
    ['?dry_run=maybe', 'dry_run: dry_run must be one of false, true'],
    ['?on_conflict=replace', 'on_conflict: on_conflict must be one of reject, skip, update, patch'],
    [
      '?dry-run=true',
      'dry-run: is not a parameter of this request; it takes ' +
        '"external_ref", "dry_run", "on_conflict", "max_errors", "fixes"',
    ],
    ['?external_ref=a&external_ref=b', 'external_ref: "external_ref" must be given once'],
    [`?external_ref=${'x'.repeat(2049)}`, 'external_ref: external_ref must be at most 2048 characters'],
    ['?external_ref=%00', /U\+0000/],
    ['?max_errors=-1', 'max_errors: max_errors must be a whole number of at least 0'],
    ['?max_errors=many', 'max_errors: max_errors must be a whole number of at least 0'],
    ['?fixes=january', 'fixes: fixes must be a UUID'],
    [
      '?fixes=0190d5c8-3c1a-7d9e-8a51-5f2b8f6b0c11',
      'fixes: import "0190d5c8-3c1a-7d9e-8a51-5f2b8f6b0c11" was not found',
    ],
  ])('with %s: 400', async (query, detail) => {
    expectError(await post(products, query), 400, 'Validation Error', detail)
  })

  test('that is empty or missing: 400, and no import', async () => {
    expectError(await post(''), 400, 'Bad Request', 'The file is empty.')
    expectError(await post('a,b\n1,2\n'), 400, 'Bad Request', /line 1/)
    expect((await api.get('/subscriptions/imports')).body.meta.results.total).toBe(0)
  })

  test('over the limit: 413', async () => {
    expectError(await post(times(20_000, () => aProduct())), 413, 'Content Too Large', /1048576 bytes/)
  })
})

test.each(['text/plain', 'application/json', 'text/csv'])('A body of the type %s: 415', async (type) => {
  expectError(await post(products, '', type), 415, 'Unsupported Media Type', /application\/jsonl/)
})

describe('A body with a Content-Encoding', () => {
  const postEncoded = (
    encoding: string,
    body: string | Uint8Array,
    type = 'application/jsonl',
    path = 'imports',
  ) =>
    api.request(`/subscriptions/${path}`, {
      method: 'POST',
      headers: { 'content-type': type, 'content-encoding': encoding },
      body: Buffer.from(body),
    })

  test.each(['identity', ''])('%j is read as it is', async (encoding) => {
    expect((await postEncoded(encoding, products)).status).toBe(201)
    const { status } = await postEncoded(encoding, JSON.stringify(aProduct()), 'application/json', 'products')
    expect(status).toBe(201)
  })

  test.each(['gzip', 'x-gzip', 'GZIP', 'identity, gzip'])(
    '%s is unpacked where the file is the body',
    async (encoding) => {
      const { status, body } = await postEncoded(encoding, gzipSync(products))
      expect(status).toBe(201)
      expect(body.data.meta.records.uploaded).toEqual(counts(2))
    },
  )

  test.each([
    ['br', 'application/jsonl', 'imports'],
    ['gzip, gzip', 'application/jsonl', 'imports'],
    ['gzip', 'multipart/form-data; boundary=x', 'imports'],
    ['gzip', 'application/json', 'products'],
    ['br', 'application/json', 'products'],
  ])('%s as %s for %s: 415, with what is known', async (encoding, type, path) => {
    const answer = await postEncoded(encoding, gzipSync(products), type, path)
    expectError(answer, 415, 'Unsupported Media Type', /content encoding/)
    expect(answer.headers.get('accept-encoding')).toMatch(/identity$/)
  })
})

test.each(['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain'])(
  'An empty body of the type %s is none',
  async (type) => {
    const ask = (target: string) =>
      api.request(`/subscriptions/${target}`, { method: 'POST', headers: { 'content-type': type }, body: '' })
    expectError(await ask('products'), 400, 'Validation Error', 'the body must be an object with "data"')
    const { id } = await api.import(products)
    expect((await ask(`imports/${id}/cancel`)).status).toBe(409)
  },
)

type Pack = (bytes: string) => Buffer

const { zstdCompressSync: zstd } = zlib as { zstdCompressSync?: Pack }
const packings: [string, Pack][] = [
  ['gzip', gzipSync],
  ...(zstd ? [['zstd', zstd] satisfies [string, Pack]] : []),
]

describe.each(packings)('A file compressed with %s', (name, pack) => {
  test('in a form or as the body is imported decompressed', async () => {
    const plain = await api.import(products)
    for (const { body } of [await api.upload(pack(products)), await post(pack(products))]) {
      expect(unnamed(body.data)).toEqual(unnamed(plain))
      expect((await api.finished(body.data.id)).meta.errors).toBe(2)
    }
  })

  test('is recognized by its first bytes, however they arrive', async () => {
    const packed = pack(products)
    const response = await fetch(`${api.url}/subscriptions/imports`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.key}`, 'content-type': 'application/jsonl' },
      body: new ReadableStream({
        start(controller) {
          for (const byte of packed) controller.enqueue(Uint8Array.of(byte))
          controller.close()
        },
      }),
      duplex: 'half',
    } as RequestInit)
    expect(response.status).toBe(201)
  })

  test('that consists of several in a row is imported whole, however they arrive', async () => {
    const plain = await api.import(products.repeat(3))
    const [one, zeros] = [pack(products), Buffer.alloc(70_000)]
    for (const packed of [Buffer.concat([one, one, one]), Buffer.concat([one, zeros, one, one, zeros])])
      expect(unnamed((await post(packed)).body.data)).toEqual(unnamed(plain))
    const bytes = Buffer.concat([one, one, one])
    for (const cut of [1, one.length - 1, one.length, one.length + 1, 2 * one.length]) {
      const body = new ReadableStream({
        async start(controller) {
          controller.enqueue(bytes.subarray(0, cut))
          await sleep(50)
          controller.enqueue(bytes.subarray(cut))
          controller.close()
        },
      })
      const answer = await api.request('/subscriptions/imports', {
        method: 'POST',
        headers: { 'content-type': 'application/jsonl' },
        body,
        duplex: 'half',
      } as RequestInit)
      expect(unnamed(answer.body.data)).toEqual(unnamed(plain))
    }
  })

  test('that is followed by something else: 400, which says so', async () => {
    const followed = Buffer.concat([pack(products), Buffer.from(products)])
    expectError(await post(followed), 400, 'Bad Request', new RegExp(name))
  })

  test('that decompresses to more than the limit: 413, and nothing is left', async () => {
    const bomb = pack(`${products}${' '.repeat(200 * 2 ** 20)}`)
    expect(bomb.length).toBeLessThan(MAX_UPLOAD_BYTES)
    expectError(await post(bomb), 413, 'Content Too Large', /decompressed/)
    expectError(await api.upload(bomb), 413, 'Content Too Large', /decompressed/)
  })

  test.each([
    ['cut off', (packed: Buffer) => packed.subarray(0, packed.length - 10)],
    [
      'damaged',
      (packed: Buffer) => Buffer.concat([packed.subarray(0, 20), randomBytes(30), packed.subarray(50)]),
    ],
  ])('that is %s: 400, which says so', async (_, spoil) => {
    expectError(
      await post(spoil(pack(times(100, (index) => aProduct({ sku: `${index}` }))))),
      400,
      'Bad Request',
      new RegExp(name),
    )
  })
})
