import { generateRecords } from '../../../bench/generate.js'
import type { RandomNumbers } from '../../../bench/random.js'
import { anOffering, aPlan, aProduct, aSubscriber } from '../../support/builders.js'

/** Lines to start from: some of each kind, as people write them. */
const originals: readonly Buffer[] = [
  ...generateRecords({ records: 200 }),
  ...[
    aProduct({ price: { USD: { amount: 1 } }, price_units: { unit: 'day', amount: 1 } }),
    aPlan(),
    aSubscriber(),
  ].map((record) => JSON.stringify(record)),
  ...[anOffering(), anOffering({ external_ref: 'é😀', products: ['a', 'b'] })].map((record) =>
    JSON.stringify(record),
  ),
  '{"data":{"type":"order"}}',
].map((line) => Buffer.from(line))

/** Texts that are more likely to have an effect than random bytes. */
const pieces: readonly Buffer[] = [
  ...[
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '\n',
    '\r',
    '\t',
    ' ',
    '\0',
    '\ufeff',
    '\u2028',
    '😀',
    '\u0301',
    // What is invisible, and what a terminal obeys.
    '\u202e',
    '\u200b',
    '\u0085',
    '\u001b[2J',
  ],
  ...[
    'null',
    'true',
    'false',
    '{}',
    '[]',
    '""',
    '0',
    '-0',
    '-1',
    '1.5',
    '1e400',
    '9007199254740993',
    '0.1e-5',
    '9007199254740990.6',
    '1.0000000000000001',
    '1e-400',
  ],
  ...[
    '\\u0000',
    '\\ud800',
    '\\udc00',
    '\\u0022',
    '\\ud83d\\ude00',
    '\\x',
    '__proto__',
    'constructor',
    'data',
    'type',
  ],
  ...[
    '"data":',
    '"type":"subscription_plan",',
    '"attributes":{}',
    '"external_ref":"p-1"',
    '"external_ref":"",',
    '"price":{"USD":null},',
    'x'.repeat(3000),
  ],
  ...['[['.repeat(500), '{"a":'.repeat(300)],
]
  .map((piece) => Buffer.from(piece))
  .concat([[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf0, 0x9f]].map((bytes) => Buffer.from(bytes)))

/** A line with a few senseless changes. */
export function mutated(random: RandomNumbers): Buffer {
  let line = random.pick(originals)
  for (let change = random.below(4); change > 0; change -= 1) line = changed(random, line)
  return line
}

/** Bytes of which a few are changed. */
export function changed(random: RandomNumbers, line: Buffer): Buffer {
  const at = random.below(line.length + 1)
  const end = Math.min(line.length, at + random.below(12))
  const spliced = (middle: Buffer, from = at, to = end) =>
    Buffer.concat([line.subarray(0, from), middle, line.subarray(to)])
  switch (random.below(7)) {
    case 0:
      return spliced(Buffer.from([random.below(256)]), at, at + 1)
    case 1:
      return spliced(Buffer.alloc(0))
    case 2:
      return spliced(random.pick(pieces), at, at)
    case 3:
      return spliced(random.pick(pieces))
    case 4:
      return spliced(line.subarray(at, end), at, at)
    case 5:
      return Buffer.concat([line.subarray(0, at), random.pick(originals).subarray(at)])
    default:
      return withOtherValue(random, line)
  }
}

/** JSON, if it is valid, with one value replaced by another. */
function withOtherValue(random: RandomNumbers, line: Buffer): Buffer {
  const text = line.toString('latin1')
  const values = [...text.matchAll(/(?<=":)("[^"]*"|[\d.e-]+|true|false|null)/g)]
  if (values.length === 0) return line
  const { index, 0: value } = random.pick(values)
  const piece = random.pick(pieces).toString('latin1')
  return Buffer.from(text.slice(0, index) + piece + text.slice(index + value.length), 'latin1')
}
