import fc from 'fast-check'
import type { RecordLine } from '../../../support/builders.js'
import { CLEARED, PARTS, WAY } from './patches.js'
import {
  BOTH,
  builders,
  built,
  good,
  OF_ORGANIZATION,
  spoilers,
  subscriptionSpoilers,
  USD,
} from './random-records.js'
import {
  type Attributes,
  type Content,
  type Ids,
  type Line,
  NOUNS,
  NOWHERE,
  type Noun,
  PLACEHOLDER,
  type Problem,
} from './records.js'

/** How a record may be written: with blanks around it, with escapes, with unknown members. */
const writings: readonly ((record: RecordLine) => string)[] = [
  (record) => JSON.stringify(record),
  (record) => ` ${JSON.stringify(record, null, '\t').replaceAll('\n', '')} `,
  (record) => JSON.stringify({ meta: 'subscription_offering', ...record, links: null }),
  (record) =>
    JSON.stringify(record).replace(
      /[^ -~]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  ({ data: { type, attributes } }) =>
    JSON.stringify({ data: { attributes: { status: 'active', ...attributes }, id: 5, type } }),
]

/** A line before it is known which ids there are. */
type RandomLine =
  | Exclude<Line, { kind: 'record' }>
  | {
      readonly kind: 'record'
      readonly noun: Noun
      readonly attributes: Attributes
      readonly problems: readonly Problem[]
      readonly writing: number
      /** What a file of patches leaves out of it, and what it clears. */
      readonly without: readonly string[]
      readonly cleared: readonly string[]
    }

/** More of those that refer to others. */
const nouns = [...NOUNS, 'offering', 'subscription', 'subscription', 'subscription'] as const

const recordLine: fc.Arbitrary<RandomLine> = fc.constantFrom(...nouns).chain((noun) =>
  fc
    .record({
      attributes: good[noun],
      spoiler: fc.oneof(
        { weight: 6, arbitrary: fc.constant(undefined) },
        fc.constantFrom(...(noun === 'subscription' ? subscriptionSpoilers : spoilers)),
      ),
      writing: fc.nat(writings.length - 1),
      without: fc.oneof(fc.constant(PARTS[noun]), fc.subarray([...PARTS[noun]]), fc.constant([])),
      cleared: fc.oneof(fc.constant([]), fc.subarray(CLEARED.filter((name) => PARTS[noun].includes(name)))),
    })
    .map(
      ({ attributes, spoiler, writing, without, cleared }): RandomLine => ({
        without: spoiler ? [] : without,
        cleared: spoiler ? [] : cleared,
        kind: 'record',
        noun,
        attributes: built(noun, { ...attributes, ...spoiler?.[0] }),
        problems: spoiler ? [spoiler[1]] : [],
        writing,
      }),
    ),
)

const blank: fc.Arbitrary<RandomLine> = fc
  .string({ unit: fc.constantFrom(' ', '\t', '\r'), maxLength: 3 })
  .map((blanks) => ({ kind: 'blank', bytes: Buffer.from(blanks) }))

const notRecords = [
  '{',
  'null',
  '[]',
  '{}',
  '{"data":{}}',
  '{"data":{"type":"subscription_invoice"}}',
  '\0',
  'a,b,c',
  '\ufeff\ufeff{}',
]

/** Never a record. Random text starts unlike any JSON. */
const garbage: fc.Arbitrary<RandomLine> = fc
  .oneof(
    fc.constantFrom(...notRecords).map((line) => Buffer.from(line)),
    fc.json().map((json) => Buffer.from(`[${json}]`)),
    fc
      .uint8Array({ maxLength: 20 })
      .map((bytes) => Buffer.from([0x3c, ...bytes.filter((byte) => byte !== 0x0a)])),
  )
  .map((bytes) => ({ kind: 'garbage', bytes }))

const line = fc.oneof(
  { weight: 8, arbitrary: recordLine },
  { weight: 1, arbitrary: blank },
  { weight: 1, arbitrary: garbage },
)

/** A file that is complete but for the ids in it. */
export interface RandomFile {
  readonly lines: readonly RandomLine[]
  readonly ends: readonly string[]
  readonly hasMark: boolean
  readonly hasLastNewline: boolean
  readonly onConflict: Content['onConflict']
}

/** A file with at least one record, which is required, and all kinds of line ends. */
export const randomFile: fc.Arbitrary<RandomFile> = fc
  .record({
    before: fc.array(line, { maxLength: 20 }),
    one: recordLine,
    after: fc.array(line, { maxLength: 20 }),
    ends: fc.array(fc.constantFrom('\n', '\r\n'), { minLength: 1, maxLength: 5 }),
    hasMark: fc.boolean(),
    hasLastNewline: fc.boolean(),
    onConflict: fc.constantFrom(...(['reject', 'skip', 'update', 'patch', 'patch'] as const)),
  })
  .map(({ before, one, after, ...form }) => legible({ lines: [...before, one, ...after], ...form }))

/** What is shown of a counterexample: long texts are cut. */
function legible(file: RandomFile): RandomFile {
  const short = (_: string, value: unknown) =>
    typeof value === 'string' && value.length > 60 ? `${value.slice(0, 10)}…` : value
  const shown = (one: RandomLine) =>
    one.kind === 'record'
      ? JSON.stringify([one.noun, one.attributes, one.problems], short)
      : `${one.kind} ${one.bytes}`
  return Object.assign(file, {
    [fc.toStringMethod]: () => `${file.onConflict}:\n${file.lines.map(shown).join('\n')}\n`,
  })
}

/** Puts the ids in and writes the lines. */
export function written({ lines, ends, hasMark, hasLastNewline, onConflict }: RandomFile, ids: Ids): Content {
  const complete = lines.map((one): Line => {
    if (one.kind !== 'record') return one
    const { noun, problems, writing } = one
    const whole = withIds(one.attributes, ids)
    const attributes = onConflict === 'patch' ? patchOf(whole, one) : whole
    const write = writings[writing] ?? JSON.stringify
    return {
      kind: 'record',
      noun,
      attributes,
      problems,
      bytes: Buffer.from(
        write({ data: { type: builders[noun]({}).data.type, attributes: { ...attributes } } }),
      ),
    }
  })
  const pieces = complete.flatMap(({ bytes }, index) => {
    const isOpen = !hasLastNewline && index === lines.length - 1
    return isOpen ? [bytes] : [bytes, Buffer.from(ends[index % ends.length] ?? '\n')]
  })
  // A last line of no bytes and without a newline is no line.
  const isNoLine = !hasLastNewline && complete.at(-1)?.bytes.length === 0
  return {
    lines: isNoLine ? complete.slice(0, -1) : complete,
    bytes: Buffer.concat([Buffer.from(hasMark ? '\ufeff' : ''), ...pieces]),
    onConflict,
  }
}

/** A line of a patch: only part of a record's attributes. */
function patchOf(
  whole: Attributes,
  { without, cleared }: { readonly without: readonly string[]; readonly cleared: readonly string[] },
): Attributes {
  const gone = without.includes('offering') ? [...without, ...WAY] : without
  const left = Object.entries(whole).filter(([name]) => !gone.includes(name))
  return Object.fromEntries([...left, ...cleared.map((name) => [name, null])])
}

/** Replaces the placeholders, wherever they stand. */
function withIds(attributes: Attributes, ids: Ids): Attributes {
  const put = (_: string, value: unknown) => {
    const [, kind, number] = (typeof value === 'string' && PLACEHOLDER.exec(value)) || []
    if (kind === undefined) return value
    const lower = kind.toLowerCase() as keyof Ids
    const id = ids[lower][Number(number) % ids[lower].length] ?? NOWHERE
    return kind === lower ? id : id.toUpperCase()
  }
  return JSON.parse(JSON.stringify(attributes, put))
}

const valid = (noun: Noun, attributes: Attributes): RandomLine => ({
  kind: 'record',
  noun,
  attributes: built(noun, { name: `A ${noun}`, ...attributes }),
  problems: [],
  writing: 0,
  without: [],
  cleared: [],
})

/** An organization's file: what its stores can refer to. */
export const catalogueOfOrganization: RandomFile = {
  lines: [
    ...OF_ORGANIZATION.flatMap((external_ref, index) => [
      valid('product', { external_ref, ...(index > 0 && { price: BOTH }) }),
      valid('plan', { external_ref, plan_length: 2 + index }),
      valid('feature', { external_ref }),
    ]),
    valid('offering', { external_ref: 'a', products: ['a'], plans: ['a'] }),
    valid('offering', { external_ref: 'A', products: ['a', 'A'], plans: ['A'], features: ['A'] }),
    valid('offering', {
      external_ref: '\u00e9',
      products: ['A', '\u00e9'],
      plans: ['A', '\u00e9'],
      features: ['a'],
    }),
    valid('offering', {
      products: ['A'],
      plans: [built('plan', { fixed_price: USD }), built('plan', { external_ref: 'a' })],
    }),
  ],
  ends: ['\n'],
  hasMark: false,
  hasLastNewline: true,
  onConflict: 'reject',
}
