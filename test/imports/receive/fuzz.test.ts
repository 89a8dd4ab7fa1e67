import { isUtf8 } from 'node:buffer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generateRecords } from '../../../bench/generate.js'
import { type RandomNumbers, randomNumbers } from '../../../bench/random.js'
import { recordTypes } from '../../../src/records/index.js'
import type { Api } from '../../support/api.js'
import { anOffering, aPlan, aProduct, aSubscriber, file } from '../../support/builders.js'
import { peakMemory } from '../../support/memory.js'
import { ownerIdOf } from '../../support/rows.js'
import { startTestService, type TestService } from '../../support/service.js'

/** Set by `npm run test:fuzz`. */
const LINES = Number(process.env.LONG_TEST_AMOUNT ?? 6000)
const SEED = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000)
const LINES_A_FILE = 2000
const ROOM = 128 * 2 ** 20

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service.stop())

/** Lines to begin from: some of each kind, as people write them. */
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

/** What is more likely to hit on something than random bytes. */
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
  ...['"data":', '"type":"subscription_plan",', '"attributes":{}', '"external_ref":"p-1"', 'x'.repeat(3000)],
  ...['[['.repeat(500), '{"a":'.repeat(300)],
]
  .map((piece) => Buffer.from(piece))
  .concat([[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf0, 0x9f]].map((bytes) => Buffer.from(bytes)))

/** A line with a few changes, none of them of much sense. */
function mutated(random: RandomNumbers): Buffer {
  let line = random.pick(originals)
  for (let change = random.below(4); change > 0; change -= 1) line = changed(random, line)
  return line
}

function changed(random: RandomNumbers, line: Buffer): Buffer {
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

/** One value of the JSON, if it is some, in place of which there is another. */
function withOtherValue(random: RandomNumbers, line: Buffer): Buffer {
  const text = line.toString('latin1')
  const values = [...text.matchAll(/(?<=":)("[^"]*"|[\d.e-]+|true|false|null)/g)]
  if (values.length === 0) return line
  const { index, 0: value } = random.pick(values)
  const piece = random.pick(pieces).toString('latin1')
  return Buffer.from(text.slice(0, index) + piece + text.slice(index + value.length), 'latin1')
}

/** What a line is, as any reader of JSON says: a type of records, blank, or undefined for what is neither. */
function kindOf(line: Buffer, isFirst: boolean): string | undefined {
  if (!isUtf8(line)) return undefined
  const text = line
    .toString('utf8')
    .slice(isFirst && line.subarray(0, 3).toString('hex') === 'efbbbf' ? 1 : 0)
  if (/^[ \t\r]*$/.test(text)) return 'blank'
  try {
    const type = JSON.parse(text)?.data?.type
    return recordTypes.find((one) => one.type === type)?.type
  } catch {
    return undefined
  }
}

test(`${LINES} mutated lines from seed ${SEED} on: no fault, every line accounted for, memory bounded`, async () => {
  process.stderr.write(`mutated lines: --seed ${SEED} --lines ${LINES}\n`)
  const random = randomNumbers(SEED)
  let warm = Number.NaN
  for (let done = 0; done < LINES; done += LINES_A_FILE) {
    const count = Math.min(LINES_A_FILE, LINES - done)
    const content = Buffer.concat([
      ...Array.from({ length: count }, () => [mutated(random), Buffer.from('\n')]).flat(),
      Buffer.from(file(aProduct())),
    ])
    await check(await service.addStore(), content)
    if (done === LINES_A_FILE) warm = peakMemory(service.server.process.pid)
  }
  const peak = peakMemory(service.server.process.pid)
  if (!Number.isNaN(warm)) expect(peak - warm).toBeLessThan(ROOM)
  expect(service.server.stderr()).toBe('')
}, 600_000)

async function check(api: Api, content: Buffer): Promise<void> {
  // With the last newline goes the empty line after it.
  const lines = content.toString('latin1').split('\n').slice(0, -1)
  const kinds = lines.map((line, index) => kindOf(Buffer.from(line, 'latin1'), index === 0))

  const rehearsal = await api.import(content, { dryRun: true })
  const { id, meta } = await api.import(content)
  const errors = await api.errors(id)
  expect(await api.errors(rehearsal.id)).toEqual(errors)
  expect(rehearsal.meta.records).toEqual(meta.records)

  expect(meta.file.lines).toBe(lines.length)
  expect(meta.errors).toBe(errors.length)
  const wrong = new Set(errors.map(({ line }) => line))
  const ownerId = await ownerIdOf(service.pool, api)
  for (const { type, table } of recordTypes) {
    const uploaded = kinds.flatMap((kind, index) => (kind === type ? [index + 1] : []))
    const imported = uploaded.filter((line) => !wrong.has(line)).length
    const { rows } = await service.pool.query(
      `select count(*)::integer as count from ${table} where owner_id = $1`,
      [ownerId],
    )
    expect([type, meta.records.uploaded[type], meta.records.imported[type], rows[0].count]).toEqual([
      type,
      uploaded.length,
      imported,
      imported,
    ])
  }
  // What is no record is one problem of the whole line, what is blank none.
  for (const [index, kind] of kinds.entries()) {
    const found = errors.filter(({ line }) => line === index + 1)
    if (kind === undefined) expect(found.map(({ field }) => field)).toEqual([''])
    if (kind === 'blank') expect(found).toEqual([])
  }
}
