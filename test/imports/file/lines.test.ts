import { describe, expect, test } from 'vitest'
import { anOffering, aPlan, aProduct, aSubscriber, counts, file, times } from '../../support/builders.js'
import { newStoreEach, startTestService, testService } from '../../support/service.js'

const MAX_LINE_BYTES = 100_000

const service = testService({ MAX_LINE_BYTES: `${MAX_LINE_BYTES}` })
const api = newStoreEach(service)

const json = (value: unknown) => JSON.stringify(value)

describe('Fine in a file', () => {
  test.each([
    ['a byte-order mark', `\ufeff${file(aProduct(), aPlan())}`, 2],
    ['a byte-order mark on a line of its own', `\ufeff\n${file(aProduct(), aPlan())}`, 3],
    ['CRLF', file(aProduct(), aPlan()).replaceAll('\n', '\r\n'), 2],
    ['LF and CRLF mixed', `${json(aProduct())}\r\n${json(aPlan())}\n`, 2],
    ['a missing last newline', file(aProduct(), aPlan()).trimEnd(), 2],
    ['a missing last newline after a carriage return', `${file(aProduct())}${json(aPlan())}\r`, 2],
    ['blank lines', `\n\r\n \t \n${file(aProduct())}\n\n${file(aPlan())}\n`, 8],
    ['blanks around a record', `  ${json(aProduct())}\t\n \t${json(aPlan())} \r\n`, 2],
    ['a last line of blanks without a newline', `${file(aProduct(), aPlan())}  `, 3],
    ['members of the line that nobody knows', file(`{"meta":1,${json(aProduct()).slice(1)}`, aPlan()), 2],
  ])('%s', async (_, content, lines) => {
    const { id, meta } = await api.import(content)
    expect(await api.errors(id)).toEqual([])
    expect(meta.records.uploaded).toEqual(counts(1, 1))
    expect(meta.records.imported).toEqual(counts(1, 1))
    expect(meta.file.lines).toBe(lines)
  })

  test('a type, or any name, written in escapes', async () => {
    const escaped = (record: unknown) =>
      json(record).replace(
        /[a-z_](?=[a-z_]*")/g,
        (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
    const { id, meta } = await api.import(
      file(...[anOffering({ products: ['a'] }), aProduct({ external_ref: 'a' }), aPlan()].map(escaped)),
    )
    expect(await api.errors(id)).toEqual([])
    expect(meta.records.imported).toEqual(counts(1, 1, 0, 1))
  })

  test('a line separator within a text, which does not end a line', async () => {
    const { meta } = await api.import(file(aProduct({ name: 'a\u2028b\u2029c\u0085d' })))
    expect(meta.file.lines).toBe(1)
    expect(meta.records.imported).toEqual(counts(1))
  })
})

describe('A line that is not a record is one error, of the whole line, and stops no other', () => {
  const valid = json(aProduct())
  test.each([
    ['no JSON', 'hello', /^the line is not valid JSON/],
    ['cut JSON', valid.slice(0, -1), /^the line is not valid JSON/],
    ['two objects', `${valid}${valid}`, /^the line is not valid JSON/],
    ['an object and a comma', `${valid},`, /^the line is not valid JSON/],
    ['single quotes', "{'data':{}}", /^the line is not valid JSON/],
    ['a control character in a text', valid.replace('Coffee', 'Coff\u0001ee'), /^the line is not valid JSON/],
    ['U+0000', '\0', /^the line is not valid JSON/],
    ['NaN', '{"data":NaN}', /^the line is not valid JSON/],
    [
      'a byte-order mark after the first line',
      `\ufeff${valid}`,
      /^the line is not valid JSON: it begins with a byte-order mark \(U\+FEFF\), as the second of two joined/,
    ],
    ...['\ufeff', '\0', '\u2028'].flatMap((unseen): [string, string, RegExp][] => {
      const name = `U\\+${unseen.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
      const told = (place: number) => new RegExp(`at character ${place}, which is <${name}>$`)
      return [
        [`${name} between two objects`, `${valid}${unseen}${valid}`, told(valid.length + 1)],
        [`${name} after a member`, `{"data":1${unseen}}`, told(10)],
      ]
    }),
    ['zero bytes', '\0\0\0', /^the line is not valid JSON: it is nothing but zero bytes \(U\+0000\)/],
    ['the bracket of a list that is none', '[', /^the line is not valid JSON/],
    ['a no-break space, which is not blank', '\u00a0', /^the line is not valid JSON: .*'<U\+00A0>'/],
    ['a list', `[${valid}]`, /^the line is not a JSON object$/],
    [
      'a list nested 20,000 levels deep',
      '['.repeat(20_000) + ']'.repeat(20_000),
      /^the line is not a JSON obj/,
    ],
    ['a list opened 90,000 times', '['.repeat(90_000), /^the line is not valid JSON/],
    ['null', 'null', /^the line is not a JSON object$/],
    ['a text', '"subscription_product"', /^the line is not a JSON object$/],
    ['a number', '5', /^the line is not a JSON object$/],
    ['an empty object', '{}', /^the line has no "data"$/],
    ['a record without data around it', json(aProduct().data), /^the line has no "data"$/],
    ['data that is inherited', `{"__proto__":${valid}}`, /^the line has no "data"$/],
    ['data that is null', '{"data":null}', /^"data" is not an object$/],
    ['a list of data', `{"data":[${json(aProduct().data)}]}`, /^"data" is not an object$/],
    ['no type', '{"data":{"attributes":{"name":"Coffee"}}}', /^"data" has no "type"$/],
    [
      'an unknown type',
      '{"data":{"type":"product"}}',
      /^type "product" is not one of subscription_product, subscription_plan, subscription_subscriber, subscription_offering, subscription_feature, subscription$/,
    ],
    [
      'a type in another case',
      '{"data":{"type":"Subscription_Product"}}',
      /^type "Subscription_Product" is not one of/,
    ],
    ['a type that objects inherit', '{"data":{"type":"constructor"}}', /^type "constructor" is not one of/],
    ['a type that is no text', '{"data":{"type":["subscription_product"]}}', /^type /],
    ['a type with U+0000', '{"data":{"type":"a\\u0000b"}}', /^type "a<U\+0000>b" is not one of/],
    [
      'a type with what nobody sees',
      '{"data":{"type":"\u202e\u200b\u2028x"}}',
      /^type "<U\+202E><U\+200B><U\+2028>x" is/,
    ],
    ['a type with an unpaired surrogate', '{"data":{"type":"a\\ud800"}}', /^type "a<U\+D800>" is not one of/],
  ])('%s', async (_, line, sentence) => {
    const { id, attributes, meta } = await api.import(file(aProduct(), line, aPlan()))
    expect(attributes.status).toBe('success')
    expect(meta.records).toEqual({ uploaded: counts(1, 1), imported: counts(1, 1) })
    expect(await api.errors(id)).toEqual([
      { line: 2, field: '', error: expect.stringMatching(sentence), externalRef: undefined },
    ])
  })

  test.each([
    ['a byte that UTF-8 does not have', [0xff]],
    ['Latin-1', [0x43, 0x61, 0x66, 0xe9]],
    ['an overlong form', [0xc0, 0xaf]],
    ['an unpaired surrogate', [0xed, 0xa0, 0x80]],
    ['a code point beyond the last', [0xf4, 0x90, 0x80, 0x80]],
    ['a sequence that is cut', [0xf0, 0x9f, 0x98]],
  ])('%s in a text', async (_, bytes) => {
    const [before, after] = json(aProduct({ name: 'Coffee|box' })).split('|')
    const { id, meta } = await api.import(
      Buffer.concat([
        Buffer.from(`${file(aProduct())}${before}`),
        Buffer.from(bytes),
        Buffer.from(`${after}\n${file(aPlan())}`),
      ]),
    )
    expect(meta.records).toEqual({ uploaded: counts(1, 1), imported: counts(1, 1) })
    expect(await api.errors(id)).toEqual([
      { line: 2, field: '', error: 'the line is not valid UTF-8', externalRef: undefined },
    ])
  })

  test.each(['\n', '\r\n'])(
    'a line of more than MAX_LINE_BYTES without its end, which is %j',
    async (end) => {
      const empty = json(aProduct({ padding: '' }))
      const long = (bytes: number) => `${json(aProduct({ padding: 'x'.repeat(bytes - empty.length) }))}${end}`
      const content = `${long(MAX_LINE_BYTES)}${long(MAX_LINE_BYTES + 1)}${long(MAX_LINE_BYTES)}`
      expect(await api.complaints(content)).toEqual([
        [2, '', `the line is longer than ${MAX_LINE_BYTES} bytes`],
      ])
    },
  )

  test('a line over MAX_LINE_BYTES, whether a record or not; one of exactly that size is fine', async () => {
    const long = (bytes: number) => {
      const empty = json(aProduct({ padding: '' }))
      return json(aProduct({ padding: 'x'.repeat(bytes - empty.length) }))
    }
    const { id, meta } = await api.import(
      file(
        long(MAX_LINE_BYTES),
        long(MAX_LINE_BYTES + 1),
        'x'.repeat(5 * MAX_LINE_BYTES),
        ' '.repeat(MAX_LINE_BYTES + 1),
        aPlan(),
        long(MAX_LINE_BYTES + 1),
      ).trimEnd(),
    )
    const error = `the line is longer than ${MAX_LINE_BYTES} bytes`
    expect(meta.records).toEqual({ uploaded: counts(1, 1), imported: counts(1, 1) })
    expect((await api.errors(id)).map(({ line, field, error }) => [line, field, error])).toEqual(
      [2, 3, 4, 6].map((line) => [line, '', error]),
    )
    expect(meta.file.lines).toBe(6)
  })
})

test('A line with 17,000 mistakes gets a thousand errors, and stops no other', async () => {
  const big = await startTestService()
  const price = Object.fromEntries(Array.from({ length: 17_000 }, (_, index) => [index, 1]))
  const products = [{ name: 'Coffee', price }]
  const { id, attributes } = await big.api.import(
    file(anOffering({ products }), aProduct(), anOffering({ products: Array(1000).fill({}) })),
  )
  expect(attributes.status).toBe('success')
  const errors = await big.api.errors(id)
  expect(errors.filter(({ line }) => line === 1)).toHaveLength(1001)
  expect(errors.at(1000)).toMatchObject({ field: '', error: 'the record has more than these 1000 problems' })
  await big.stop()
})

describe('A record whose attributes are not an object is uploaded and rejected', () => {
  test.each([
    ['absent', '{"data":{"type":"subscription_plan"}}', '"attributes" is required'],
    ['null', '{"data":{"type":"subscription_plan","attributes":null}}', 'attributes must be an object'],
    ['a list', '{"data":{"type":"subscription_plan","attributes":[]}}', 'attributes must be an object'],
    ['a text', '{"data":{"type":"subscription_plan","attributes":"a"}}', 'attributes must be an object'],
    [
      'inherited',
      '{"data":{"type":"subscription_plan","__proto__":{"attributes":{}}}}',
      '"attributes" is required',
    ],
  ])('%s', async (_, line, error) => {
    const { id, meta } = await api.import(file(line, aProduct()))
    expect(meta.records).toEqual({ uploaded: counts(1, 1), imported: counts(1) })
    expect(await api.errors(id)).toEqual([{ line: 1, field: '', error, externalRef: undefined }])
  })
})

test('An error shows the external_ref of its record, if it is valid', async () => {
  const refs = ['p-1', '😀'.repeat(2048), '', '😀'.repeat(2049), 'a\0b', '\ud800', 5, null]
  const { id } = await api.import(file(...refs.map((external_ref) => aProduct({ name: 'ab', external_ref }))))
  const told = (await api.errors(id)).filter(({ field }) => field === 'name')
  expect(told.map(({ externalRef }) => externalRef)).toEqual([
    ...refs.slice(0, 2),
    ...refs.slice(2).map(() => undefined),
  ])
})

test('Every line is accounted for: blank + malformed + uploaded = lines, imported + rejected = uploaded', async () => {
  const kinds = [
    aProduct(),
    aPlan(),
    aSubscriber(),
    anOffering(),
    aProduct({ name: 'ab' }),
    aPlan({ can_pause: 'x', can_cancel: 'x' }),
    aSubscriber({ email: 'nobody' }),
    anOffering({ products: ['x', 'y'] }),
    '',
    'garbage',
    '{"data":{"type":"subscription_payment"}}',
  ]
  const rounds = 700
  const { id, meta } = await api.import(
    times(rounds * kinds.length, (index) => kinds[index % kinds.length] ?? ''),
  )
  expect(meta.file.lines).toBe(rounds * 11)
  expect(meta.records.uploaded).toEqual(counts(2 * rounds, 2 * rounds, 2 * rounds, 2 * rounds))
  expect(meta.records.imported).toEqual(counts(rounds, rounds, rounds, rounds))
  const lines = (await api.errors(id)).map(({ line }) => line)
  expect(lines).toEqual(
    Array.from({ length: rounds }, (_, round) =>
      [5, 6, 6, 7, 8, 8, 10, 11].map((line) => round * 11 + line),
    ).flat(),
  )
  expect(meta.errors).toBe(lines.length)
})
