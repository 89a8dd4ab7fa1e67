import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ImportResource } from '../../support/api.js'
import { anOffering, aPlan, aProduct, counts, file, times } from '../../support/builders.js'
import { expectError } from '../../support/errors.js'
import { peakMemory } from '../../support/memory.js'
import { formEnd, formType, importFile, multipart, partHead } from '../../support/multipart.js'
import { newStoreEach, startTestService, type TestService, testService } from '../../support/service.js'
import { openUpload } from '../../support/sockets.js'

const MIB = 2 ** 20

/** Memory of the garbage collector and of whatever else does not grow with the file. */
const ROOM = 128 * MIB

const service = testService()
const api = newStoreEach(service)

/** Posts a file that is made as it is sent. */
async function stream(pieces: Iterable<string | Buffer>): Promise<ImportResource> {
  const upload = request(new URL('/subscriptions/imports', api.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${api.key}`, 'content-type': formType },
  })
  const answered = once(upload, 'response')
  const send = async (piece: string | Buffer) => {
    if (!upload.write(piece)) await once(upload, 'drain')
  }
  await send(partHead({ name: 'import_file', fileName: 'import.jsonl' }))
  for (const piece of pieces) await send(piece)
  upload.end(`\r\n${formEnd}`)
  const [response] = await answered
  const body = await text(response)
  expect(response.statusCode, body).toBe(201)
  return JSON.parse(body).data
}

const peak = () => peakMemory(service.server.process.pid)

/** More than fits into a string of Node's. */
const LONG_LINE_MIB = 640

test(`A line of ${LONG_LINE_MIB} MiB is one error, and memory stays flat`, async () => {
  await api.import(times(20_000, () => aProduct()))
  const before = peak()
  const piece = Buffer.alloc(MIB, 'x')
  function* content() {
    yield file(aProduct())
    for (let mebibyte = 0; mebibyte < LONG_LINE_MIB; mebibyte += 1) yield piece
    yield `\n${file(aPlan())}`
  }
  const { id, meta } = await stream(content())
  expect(meta.file.lines).toBe(3)
  const done = await api.finished(id)
  expect(done.meta.records).toEqual({ uploaded: counts(1, 1), imported: counts(1, 1) })
  expect((await api.errors(id)).map(({ line, error }) => [line, error])).toEqual([
    [2, 'the line is longer than 1048576 bytes'],
  ])
  if (!Number.isNaN(before)) expect(peak() - before).toBeLessThan(ROOM)
})

test('A line that arrives byte by byte takes no more memory than one that arrives at once', async () => {
  await api.import(times(20_000, () => aProduct()))
  const before = peak()
  const upload = request(new URL('/subscriptions/imports', api.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${api.key}`, 'content-type': formType },
  })
  upload.on('error', () => {})
  const answered = once(upload, 'response')
  upload.write(partHead({ name: 'import_file', fileName: 'import.jsonl' }))
  const { socket } = upload
  const bytes = Buffer.from('1\r\nx\r\n'.repeat(10_000))
  for (let sent = 0; sent < 100; sent += 1) {
    if (socket && !socket.write(bytes)) await once(socket, 'drain')
  }
  upload.end(`\n${file(aProduct())}\r\n${formEnd}`)
  const [response] = await answered
  expect(response.statusCode, await text(response)).toBe(201)
  if (!Number.isNaN(before)) expect(peak() - before).toBeLessThan(ROOM)
})

const nested = (levels: number, kind: 'list' | 'object'): string =>
  kind === 'list'
    ? '['.repeat(levels) + ']'.repeat(levels)
    : `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

describe('100,000 levels of nesting', () => {
  const product = (attribute: string) =>
    `{"data":{"type":"subscription_product","attributes":{"name":"Coffee",${attribute}}}}`
  test.each([
    ['in an attribute that nobody knows, lists', product(`"x":${nested(100_000, 'list')}`), []],
    ['in an attribute that nobody knows, objects', product(`"x":${nested(100_000, 'object')}`), []],
    ['beside data', `{"x":${nested(100_000, 'list')},${file(aProduct()).slice(1)}`, []],
    ['as a text', product(`"sku":${nested(100_000, 'list')}`), [['sku', 'sku must be a text']]],
    [
      'as a price',
      product(`"price":${nested(100_000, 'object')}`),
      [['price.a', '"a" is not a currency code of three capital letters']],
    ],
    [
      'as a reference',
      `{"data":{"type":"subscription_offering","attributes":{"name":"Coffee","plans":["x"],"products":[${nested(100_000, 'list')}]}}}`,
      [
        [
          'products[0]',
          'products[0] must be the id or external_ref of a product, or an object with its attributes',
        ],
      ],
    ],
    ['as the line', nested(100_000, 'list'), [['', 'the line is not a JSON object']]],
    [
      'as the line, of data',
      nested(100_000, 'object').replaceAll('"a"', '"data"'),
      [['', '"data" has no "type"']],
    ],
  ])('%s', async (_, line, problems) => {
    const { id, attributes } = await api.import(file(line.trim(), aPlan()))
    expect(attributes.status).toBe('success')
    expect((await api.errors(id)).map(({ field, error }) => [field, error])).toEqual(problems)
  })
})

describe('A million keys', () => {
  const keys = (count: number, value: string) =>
    Array.from({ length: count }, (_, key) => `"k${key}":${value}`).join(',')
  let large: TestService
  beforeAll(async () => {
    large = await startTestService({ MAX_LINE_BYTES: '64MiB' })
  })
  afterAll(() => large.stop())

  test.each([
    ['that nobody knows', `"x":{${keys(1_000_000, '1')}}`],
    ['of the attributes', keys(1_000_000, '1')],
  ])('%s: the record is imported', async (_, members) => {
    const line = `{"data":{"type":"subscription_product","attributes":{"name":"Coffee",${members}}}}`
    const { meta } = await large.api.import(file(line, aPlan()))
    expect(meta.records.imported).toEqual(counts(1, 1))
    expect(meta.errors).toBe(0)
  })

  test('that are not currencies, in a record or an inline one: each is one problem, and no other line is affected', async () => {
    const price = `"name":"Coffee","price":{${keys(1_000_000, '{}')}}`
    const { id, attributes, meta } = await large.api.import(
      file(
        `{"data":{"type":"subscription_product","attributes":{${price}}}}`,
        `{"data":{"type":"subscription_offering","attributes":{"name":"Coffee","plans":["x"],"products":[{${price}}]}}}`,
        aPlan(),
      ),
    )
    expect(attributes.status).toBe('success')
    expect(meta.records.imported).toEqual(counts(0, 1))
    expect((await large.api.errors(id)).map(({ line, field, error }) => [line, field, error])).toEqual([
      [1, 'price', 'price must have at most 17576 currencies'],
      [2, 'products[0].price', 'products[0].price must have at most 17576 currencies'],
    ])
  })

  test('that are not currencies, on a line of a megabyte: the first thousand are reported', async () => {
    const line = `{"data":{"type":"subscription_product","attributes":{"name":"Coffee","price":{${keys(17_576, '{}')}}}}}`
    const { id, meta } = await api.import(file(line, aPlan()))
    expect(meta.records.imported).toEqual(counts(0, 1))
    expect(await api.errors(id)).toHaveLength(1001)
  })
})

describe('Garbage alone', () => {
  const garbage = Buffer.from('garbage, and no JSON\n'.repeat(10_000))
  function* content(pieces: number, end: string) {
    for (let piece = 0; piece < pieces; piece += 1) yield garbage
    yield Buffer.from(end)
  }

  test('1,000,000 lines of it are 400, and leave nothing', async () => {
    const before = peak()
    const files = await service.uploads()
    const answer = await api.postForm(multipart([importFile(Buffer.concat([...content(100, '')]))]))
    expectError(answer, 400, 'Bad Request', /^No line of the file is a record\. .*line 1, .*not valid JSON/)
    expect(await service.uploads()).toEqual(files)
    if (!Number.isNaN(before)) expect(peak() - before).toBeLessThan(ROOM)
  })

  test('with one record at its end: each line is an error, and the record is imported', async () => {
    const before = peak()
    const { id } = await stream(content(20, file(anOffering())))
    const { attributes, meta } = await api.finished(id)
    expect(attributes.status).toBe('success')
    expect(meta.file.lines).toBe(200_001)
    expect(meta.errors).toBe(200_000)
    expect(meta.records).toEqual({ uploaded: counts(0, 0, 0, 1), imported: counts(0, 0, 0, 1) })
    if (!Number.isNaN(before)) expect(peak() - before).toBeLessThan(ROOM)
  })
})

describe('Names that objects inherit', () => {
  const product = (members: string) =>
    `{"data":{"type":"subscription_product","attributes":{"name":"Coffee",${members}}}}`

  test('as attributes are unknown ones, and change nothing', async () => {
    const members =
      '"__proto__":{"sku":"x"},"constructor":{"prototype":{"sku":"x"}},"toString":1,"hasOwnProperty":null'
    const { id, meta } = await api.import(file(product(members), aPlan()))
    expect(await api.errors(id)).toEqual([])
    expect(meta.records.imported).toEqual(counts(1, 1))
    const [{ attributes }] = await api.read<[{ attributes: object }]>('/subscriptions/products')
    expect(attributes).toEqual({
      name: 'Coffee',
      created_at: expect.any(String),
      updated_at: expect.any(String),
    })
  })

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'as a currency: %s is none',
    async (name) => {
      expect(await api.complaints(file(product(`"price":{"${name}":{"amount":1}}`), aPlan()))).toEqual([
        [1, `price.${name}`, `"${name}" is not a currency code of three capital letters`],
      ])
    },
  )
})

describe('Numbers that a parser alters', () => {
  const plan = (name: string, number: string) =>
    file(aPlan({ [name]: 'number' }))
      .replace('"number"', number)
      .trim()
  const amount = (number: string) => plan('fixed_price', `{"EUR":{"amount":${number}}}`)

  test.each([
    ['1e400', plan('plan_length', '1e400'), 'plan_length', 'plan_length is a number too large to be stored'],
    [
      '-1e400',
      amount('-1e400'),
      'fixed_price.EUR.amount',
      'fixed_price.EUR.amount is a number too large to be stored',
    ],
    [
      '2^53 + 1',
      amount('9007199254740993'),
      'fixed_price.EUR.amount',
      'fixed_price.EUR.amount must be at most 9007199254740991',
    ],
    [
      '2^53',
      plan('trial_period', '9007199254740992'),
      'trial_period',
      'trial_period must be at most 9007199254740991',
    ],
    ['a fraction', plan('plan_length', '1.5'), 'plan_length', 'plan_length must be a whole number'],
    [
      'just over 100',
      plan('base_price_percentage', '100.000000000001'),
      'base_price_percentage',
      'base_price_percentage must be at most 100',
    ],
  ])('%s is an error of its line', async (_, line, field, error) => {
    expect(await api.complaints(file(line, aProduct()))).toEqual([[1, field, error]])
  })

  test.each([
    ['-0', 'trial_period', '-0', 0],
    ['-0 where a fraction may be', 'base_price_percentage', '-0', 0],
    ['a whole number with a point', 'plan_length', '12.0', 12],
    ['a whole number with an exponent', 'plan_length', '1.2E+1', 12],
    ['15 digits', 'base_price_percentage', '0.100000000000001', 0.100000000000001],
    ['the least above zero', 'base_price_percentage', '2.3e-308', 2.3e-308],
  ])('%s is stored as the number that it is', async (_, name, number, stored) => {
    const { id } = await api.import(file(plan(name, number)))
    expect(await api.errors(id)).toEqual([])
    const [read] = await api.read<{ attributes: Record<string, unknown> }[]>('/subscriptions/plans')
    expect(read?.attributes[name]).toBe(stored)
  })
})

test('An interrupted upload is not logged as an error', async () => {
  const before = service.server.stderr()
  const { length } = await service.uploads()
  const socket = openUpload(
    api,
    partHead({ name: 'import_file', fileName: 'a' }) + file(aProduct()),
    'content-length: 1000',
  )
  await expect.poll(async () => (await service.uploads()).length).toBe(length + 1)
  socket.destroy()
  await expect.poll(async () => (await service.uploads()).length).toBe(length)
  await api.import(file(aProduct()))
  expect(service.server.stderr()).toBe(before)
})
