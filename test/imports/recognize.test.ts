import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readLine } from '../../src/imports/lines.js'
import { recognizeRecord } from '../../src/imports/recognize.js'
import { recordTypes } from '../../src/records/index.js'

const MAX_LINE_BYTES = 2 ** 20

/** What `readLine` says of a line that is not the file's first, where a byte-order mark would be skipped. */
const typeOf = (line: Buffer): string | undefined => {
  const content = readLine({ number: 2, bytes: line }, MAX_LINE_BYTES)
  return content.kind === 'record' ? content.recordType.type : undefined
}

const recognized = (line: string | Buffer): string | undefined => recognizeRecord(Buffer.from(line))?.type

/** Text that looks much like a record: its pieces are those that matter, in any order. */
const jsonLike = fc
  .array(
    fc.oneof(
      fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', ' ', '\t', '\r', '-', '0', '1', '.', 'e', '+'),
      fc.constantFrom(
        '"data":',
        '"type":',
        '"attributes":{}',
        '"d\\u0061ta":',
        'true',
        'false',
        'null',
        '1e5',
        '-0.5',
        '01',
      ),
      fc.constantFrom(
        ...recordTypes.map(({ type }) => `"${type}"`),
        '"subscription_x"',
        '"\\ud800"',
        '"\\x"',
        '"é"',
      ),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => pieces.join(''))

const record = fc
  .record({
    type: fc.constantFrom(...recordTypes.map(({ type }) => type)),
    attributes: fc.jsonValue(),
    other: fc.jsonValue(),
  })
  .map((data) => JSON.stringify({ meta: data.other, data }))

describe('A line that is recognized without being parsed', () => {
  test('is a record of that type to the parser as well, whatever the line is made of', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          jsonLike,
          jsonLike.map((text) => `{"data":{"type":"subscription_plan",${text}}}`),
        ),
        (line) => {
          const type = recognized(line)
          if (type !== undefined) expect(typeOf(Buffer.from(line))).toBe(type)
        },
      ),
      { numRuns: 20_000 },
    )
  })

  test('is so when some bytes of it are changed', () => {
    fc.assert(
      fc.property(
        record,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (text, changes) => {
          const line = Buffer.from(text)
          for (const [at, byte] of changes) line[at % line.length] = byte === 0x0a ? 0x20 : byte
          const type = recognized(line)
          if (type !== undefined) expect(typeOf(line)).toBe(type)
        },
      ),
      { numRuns: 20_000 },
    )
  })

  test('is every record that is written in the usual way', () => {
    fc.assert(
      fc.property(record, fc.constantFrom(undefined, 1, '\t'), (text, space) => {
        const line = JSON.stringify(JSON.parse(text), null, space).replaceAll('\n', ' ')
        expect(recognized(line)).toBe(typeOf(Buffer.from(line)))
      }),
      { numRuns: 5000 },
    )
  })

  test.each([
    ['data twice', '{"data":{"type":"subscription_plan"},"data":{"type":"subscription_product"}}'],
    ['data twice, once escaped', '{"data":{"type":"subscription_plan"},"d\\u0061ta":1}'],
    ['type twice', '{"data":{"type":"subscription_plan","type":"subscription_product"}}'],
    ['type twice, once escaped', '{"data":{"type":"subscription_plan","typ\\u0065":"subscription_product"}}'],
    ['an unknown type', '{"data":{"type":"subscription_plans"}}'],
    ['deep nesting', `{"data":{"type":"subscription_plan","a":${'['.repeat(100)}${']'.repeat(100)}}}`],
    ['invalid UTF-8', Buffer.from('{"data":{"type":"subscription_plan","a":"\xff"}}', 'latin1')],
    ['more after it', '{"data":{"type":"subscription_plan"}} {}'],
    ['nothing', ''],
  ])('is none with %s: that is left to the parser', (_, line) => {
    expect(recognized(line)).toBeUndefined()
  })
})
