import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { classify, NO_ATTRIBUTES, type Wanted } from '../../../src/imports/file/classify.js'
import { recordTypes } from '../../../src/records/index.js'

const MAX_LINE_BYTES = 2 ** 20

const ALL_ATTRIBUTES: Wanted = { types: new Set(recordTypes), otherNames: [] }

/** What a line is, other than the file's first, where a byte-order mark would be skipped. */
function classified(line: string | Buffer, wanted: Wanted): string {
  const content = classify({ number: 2, bytes: Buffer.from(line) }, MAX_LINE_BYTES, wanted)
  if (content.kind === 'malformed') return `malformed: ${content.problem().error}`
  return content.kind === 'record' ? content.recordType.type : content.kind
}

const read = (line: string | Buffer): string => classified(line, ALL_ATTRIBUTES)
const recognized = (line: string | Buffer): string => classified(line, NO_ATTRIBUTES)

/** Text that resembles a record: it consists of the relevant pieces, in any order. */
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

describe('A line is recognized without being parsed', () => {
  test('as what the parser says it is, whatever it contains', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          jsonLike,
          jsonLike.map((text) => `{"data":{"type":"subscription_plan",${text}}}`),
        ),
        (line) => {
          expect(recognized(line)).toBe(read(line))
        },
      ),
      { numRuns: 20_000 },
    )
  })

  test('as what the parser says it is, when some bytes of a record are changed', () => {
    fc.assert(
      fc.property(
        record,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (text, changes) => {
          const line = Buffer.from(text)
          for (const [at, byte] of changes) line[at % line.length] = byte === 0x0a ? 0x20 : byte
          expect(recognized(line)).toBe(read(line))
        },
      ),
      { numRuns: 20_000 },
    )
  })

  test('as a record, if it is written in the usual way', () => {
    fc.assert(
      fc.property(record, fc.constantFrom(undefined, 1, '\t'), (text, space) => {
        const line = JSON.stringify(JSON.parse(text), null, space).replaceAll('\n', ' ')
        expect(recognized(line)).toBe(read(line))
      }),
      { numRuns: 5000 },
    )
  })

  const deep = (levels: number) => `${'[{"a":'.repeat(levels)}1${'}]'.repeat(levels)}`
  test.each([
    ['data twice', '{"data":{"type":"subscription_plan"},"data":{"type":"subscription_product"}}'],
    ['data twice, once escaped', '{"data":{"type":"subscription_plan"},"d\\u0061ta":1}'],
    ['data twice, the last without a type', '{"data":{"type":"subscription_plan"},"data":{}}'],
    ['type twice', '{"data":{"type":"subscription_plan","type":"subscription_product"}}'],
    ['type twice, once escaped', '{"data":{"type":"subscription_plan","typ\\u0065":"subscription_product"}}'],
    ['type twice, the last no text', '{"data":{"type":"subscription_plan","type":null}}'],
    ['a type in escapes', '{"data":{"type":"\\u0073ubscription_plan"}}'],
    ['a name with an escaped quote', '{"data\\"":{"type":"subscription_plan"}}'],
    ['an unknown type', '{"data":{"type":"subscription_plans"}}'],
    ['deep nesting', `{"data":{"type":"subscription_plan","a":${deep(50_000)}}}`],
    [
      'deep nesting that is not closed',
      `{"data":{"type":"subscription_plan","a":${deep(500).slice(0, -1)}}}`,
    ],
    ['deep nesting closed by the wrong one', `${'['.repeat(70)}{${']'.repeat(71)}`],
    ['a list, deeply nested', deep(50_000)],
    ['invalid UTF-8', Buffer.from('{"data":{"type":"subscription_plan","a":"\xff"}}', 'latin1')],
    ['more after it', '{"data":{"type":"subscription_plan"}} {}'],
    ['nothing', ''],
    ['blanks', ' \t\r'],
  ])('as what it is to the parser: %s', (_, line) => {
    expect(recognized(line)).toBe(read(line))
  })
})
