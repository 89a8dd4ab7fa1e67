import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Api, ImportResource } from '../../support/api.js'
import { anOffering, aPlan, aProduct, aSubscriber, counts, type RecordLine } from '../../support/builders.js'
import { testService } from '../../support/service.js'

const service = testService()

const NOUNS = ['product', 'plan', 'subscriber', 'offering'] as const
type Noun = (typeof NOUNS)[number]

/** One physical line, and what this test knows about it without reading it. */
type Line =
  | { readonly kind: 'blank'; readonly bytes: Buffer }
  | { readonly kind: 'garbage'; readonly bytes: Buffer }
  | {
      readonly kind: 'record'
      readonly bytes: Buffer
      readonly noun: Noun
      readonly attributes: Attributes
      /** What is wrong with the attributes by themselves. */
      readonly problems: readonly (readonly [string, string])[]
    }

interface Attributes {
  readonly name?: string
  readonly external_ref?: string
  readonly description?: string
  readonly products?: readonly (string | Attributes)[]
  readonly plans?: readonly (string | Attributes)[]
}

/** Any storable text, with what PostgreSQL or a parser might trip over more often. */
const text = fc
  .oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: 'grapheme', maxLength: 10 }),
    fc.string({ maxLength: 20 }),
    fc.constantFrom('NULL', '{}', '"', '\\', '\\u0000', ' ', '\ufeff', '\r\n', '\u2028', '{"a":1}'),
  )
  .map((value) => value.replaceAll('\0', '').toWellFormed())

const name = text.map((value) => `${value}...`)

/**
 * Few, so that they are often taken; equal except for their form, so that nothing else distinguishes them.
 */
const ref = fc.constantFrom(
  'a',
  'A',
  'a ',
  '\u00e9',
  'e\u0301',
  '',
  'x'.repeat(2048),
  `${'😀'.repeat(2047)}!`,
)

const optional = { requiredKeys: [] as [] }
const common = fc.record({ external_ref: ref, description: text }, optional)

const builders: Readonly<Record<Noun, (attributes: Attributes) => RecordLine>> = {
  product: (attributes) => aProduct({ ...attributes }),
  plan: (attributes) => aPlan({ ...attributes }),
  subscriber: ({ description, ...attributes }) => aSubscriber(attributes),
  offering: (attributes) => anOffering({ ...attributes }),
}

/**
 * A list of references or inline records. An empty reference is a separate mistake, covered by `rules.ts`.
 */
const elements = (build: (attributes: Attributes) => RecordLine) =>
  fc.array(
    fc.oneof(
      { weight: 4, arbitrary: ref.filter((one) => one !== '') },
      { weight: 1, arbitrary: name.map((name): Attributes => build({ name }).data.attributes) },
    ),
    { minLength: 1, maxLength: 3 },
  )

/** Attributes of a record that is valid by itself. */
const valid = (noun: Noun): fc.Arbitrary<Attributes> =>
  noun === 'offering'
    ? fc
        .tuple(
          name,
          common,
          fc.record({ products: elements(builders.product), plans: elements(builders.plan) }, optional),
        )
        .map(([name, one, lists]) => ({ name, ...one, ...lists }))
    : fc.tuple(name, common).map(([name, one]) => ({ name, ...one }))

/** A way to make valid attributes invalid, and the resulting error. */
const spoilers: readonly [Attributes, string, string][] = [
  [{ name: 'ab' }, 'name', 'name must be at least 3 characters'],
  [{ name: 'abc\0' }, 'name', 'name must not contain U+0000 or an unpaired surrogate'],
  [{ name: '\ud800abc' }, 'name', 'name must not contain U+0000 or an unpaired surrogate'],
  [{ external_ref: 'x'.repeat(2049) }, 'external_ref', 'external_ref must be at most 2048 characters'],
]

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

const recordLine: fc.Arbitrary<Line> = fc.constantFrom(...NOUNS).chain((noun) =>
  fc
    .record({
      attributes: valid(noun),
      spoiler: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, fc.constantFrom(...spoilers)),
      write: fc.constantFrom(...writings),
    })
    .map(({ attributes: good, spoiler, write }): Line => {
      const attributes = { ...good, ...spoiler?.[0] }
      const record = builders[noun](attributes)
      return {
        kind: 'record',
        bytes: Buffer.from(write(record)),
        noun,
        attributes: record.data.attributes,
        problems: spoiler ? [[spoiler[1], spoiler[2]]] : [],
      }
    }),
)

const blank: fc.Arbitrary<Line> = fc
  .string({ unit: fc.constantFrom(' ', '\t', '\r'), maxLength: 3 })
  .map((blanks) => ({ kind: 'blank', bytes: Buffer.from(blanks) }))

const notRecords = [
  '{',
  'null',
  '[]',
  '{}',
  '{"data":{}}',
  '{"data":{"type":"subscription"}}',
  '\0',
  'a,b,c',
  '\ufeff\ufeff{}',
]

/** Never a record. Random text starts unlike any JSON. */
const garbage: fc.Arbitrary<Line> = fc
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

const onConflicts = ['reject', 'skip', 'update'] as const

interface Content {
  readonly lines: readonly Line[]
  readonly bytes: Buffer
  readonly onConflict: (typeof onConflicts)[number]
}

/** A file with at least one record, which is required, and all kinds of line ends. */
const content: fc.Arbitrary<Content> = fc
  .record({
    before: fc.array(line, { maxLength: 20 }),
    record: recordLine,
    after: fc.array(line, { maxLength: 20 }),
    ends: fc.infiniteStream(fc.constantFrom('\n', '\r\n')),
    hasMark: fc.boolean(),
    hasLastNewline: fc.boolean(),
    onConflict: fc.constantFrom(...onConflicts),
  })
  .map(({ before, record, after, ends, hasMark, hasLastNewline, onConflict }) => {
    const lines = [...before, record, ...after]
    const pieces = lines.flatMap(({ bytes }, index) => {
      const isOpen = !hasLastNewline && index === lines.length - 1
      return isOpen ? [bytes] : [bytes, Buffer.from(ends.next().value)]
    })
    // A last line of no bytes and without a newline is no line.
    const isNoLine = !hasLastNewline && lines.at(-1)?.bytes.length === 0
    return {
      lines: isNoLine ? lines.slice(0, -1) : lines,
      bytes: Buffer.concat([Buffer.from(hasMark ? '\ufeff' : ''), ...pieces]),
      onConflict,
    }
  })

/** A record as the oracle stores it. */
interface Stored {
  attributes: Attributes
  /** An offering's snapshots, by their names, as they were when it was written. */
  readonly names: { readonly products: Names; readonly plans: Names }
  /** In a report: its line, or, from the next file on, its type. */
  place: string
}

type Names = readonly (string | undefined)[] | undefined

/** What an owner has, as the oracle sees it. */
class Oracle {
  readonly stored: Record<Noun, Stored[]> = { product: [], plan: [], subscriber: [], offering: [] }

  /** Processes a file according to the contract, record by record; returns the expected counts and report. */
  work({ lines, onConflict }: Content): {
    imported: Map<Noun, number>
    skipped: Map<Noun, number>
    errors: [number, string, string][]
  } {
    const errors: [number, string, string][] = []
    const imported = new Map<Noun, number>()
    const skipped = new Map<Noun, number>()
    const count = (counts: Map<Noun, number>, noun: Noun) => counts.set(noun, (counts.get(noun) ?? 0) + 1)
    const numbered = lines.map((line, index) => ({ line, number: index + 1 }))
    // Holders from earlier files are named by their noun; a line number always refers to the same file.
    for (const noun of NOUNS) for (const one of this.stored[noun]) one.place = `a ${noun}`
    const [others, offerings] = [false, true].map((isOffering) =>
      numbered.filter(({ line }) => (line.kind === 'record' && line.noun === 'offering') === isOffering),
    )
    for (const { line, number } of [...(others ?? []), ...(offerings ?? [])]) {
      if (line.kind === 'garbage') errors.push([number, '', ''])
      if (line.kind !== 'record') continue
      const { noun } = line
      const attributes = withoutEmptyRef(line.attributes)
      const problems = line.problems.length > 0 ? line.problems : this.#unresolved(noun, attributes)
      if (problems.length > 0) {
        errors.push(...problems.map(([field, error]) => [number, field, error] as [number, string, string]))
        continue
      }
      const holder = this.#holder(noun, attributes.external_ref)
      if (holder && onConflict === 'reject') errors.push([number, 'external_ref', holder.place])
      else if (holder && onConflict === 'skip') count(skipped, noun)
      else {
        const names = { products: this.#names('product', attributes), plans: this.#names('plan', attributes) }
        if (holder) Object.assign(holder, { attributes, names })
        else this.stored[noun].push({ attributes, names, place: `line ${number}` })
        count(imported, noun)
      }
    }
    return { imported, skipped, errors: errors.sort(([a], [b]) => a - b) }
  }

  #holder(noun: Noun, ref: string | undefined): Stored | undefined {
    return ref === undefined
      ? undefined
      : this.stored[noun].find(({ attributes }) => attributes.external_ref === ref)
  }

  #names(to: 'product' | 'plan', attributes: Attributes): Names {
    return attributes[`${to}s`]?.map((element) =>
      typeof element === 'string' ? this.#holder(to, element)?.attributes.name : element.name,
    )
  }

  #unresolved(noun: Noun, attributes: Attributes): [string, string][] {
    if (noun !== 'offering') return []
    return (['product', 'plan'] as const).flatMap((to) => {
      const list = `${to}s` as const
      const seen = new Map<string, number>()
      return (attributes[list] ?? []).flatMap((element, index): [string, string][] => {
        if (typeof element !== 'string') return []
        if (!this.#holder(to, element)) return [[`${list}[${index}]`, 'was not found']]
        const before = seen.get(element)
        if (before !== undefined) return [[`${list}[${index}]`, `is already named by ${list}[${before}]`]]
        seen.set(element, index)
        return []
      })
    })
  }
}

/** An `external_ref` that is empty counts as none (contract 7). */
function withoutEmptyRef({ external_ref: ref, ...others }: Attributes): Attributes {
  return ref === undefined || ref === '' ? others : { external_ref: ref, ...others }
}

/** What is known of a sentence beforehand: all of it, or how it ends, or nothing for garbage. */
function essence(line: number, field: string, error: string): [number, string, string] {
  if (field === '') return [line, field, '']
  const ending = /(line \d+|was not found|is already named by \w+\[\d+\])$/.exec(error)?.[1]
  const holder = /is already used by (product|plan|subscriber|offering) [0-9a-f-]{36}$/.exec(error)?.[1]
  return [line, field, ending ?? (holder ? `a ${holder}` : error)]
}

const TABLES = {
  product: 'products',
  plan: 'plans',
  subscriber: 'subscribers',
  offering: 'offerings',
} as const

/** The attributes in an owner's table, in the order in which they were imported. */
async function storedIn(table: string, ownerId: string): Promise<Record<string, unknown>[]> {
  const { rows } = await service.pool.query(
    `select to_jsonb(t) - 'owner_id' - 'id' - 'created_at' - 'updated_at' as attributes
     from ${table} t where owner_id = $1 order by id`,
    [ownerId],
  )
  return rows.map(({ attributes }) =>
    Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null)),
  )
}

/**
 * blank + malformed + uploaded = lines; for every type, imported + skipped + rejected = uploaded. By the
 * report, without the oracle.
 */
async function checkCounts(api: Api, { id, meta }: ImportResource, { lines }: Content): Promise<void> {
  const report = await api.errors(id)
  const rejectedLines = new Set(report.map(({ line }) => line))
  const number = (noun: Noun, condition: (line: number) => boolean) =>
    lines.filter((line, index) => line.kind === 'record' && line.noun === noun && condition(index + 1)).length
  const by = (condition: (line: number) => boolean) => {
    const [products, plans, subscribers, offerings] = NOUNS.map((noun) => number(noun, condition))
    return counts(products, plans, subscribers, offerings)
  }
  const { uploaded, imported, skipped } = meta.records
  expect(uploaded).toEqual(by(() => true))
  const left = Object.entries(imported).map(([type, count]) => [type, count + (skipped?.[type] ?? 0)])
  expect(Object.fromEntries(left)).toEqual(by((line) => !rejectedLines.has(line)))
  const others = lines.filter(({ kind }) => kind !== 'record').length
  expect(others + Object.values(uploaded).reduce((sum, count) => sum + count)).toBe(meta.file.lines)
  expect(meta.errors).toBe(report.length)
}

const countsOf = (of: ReadonlyMap<Noun, number>) => {
  const [products, plans, subscribers, offerings] = NOUNS.map((noun) => of.get(noun) ?? 0)
  return counts(products, plans, subscribers, offerings)
}

/**
 * Rehearses and imports the files one after the other for a new owner, and compares everything visible with
 * the oracle.
 */
async function check(files: readonly Content[]): Promise<void> {
  const api = await service.addStore()
  const oracle = new Oracle()
  let ownerId = ''
  for (const one of files) {
    const expected = oracle.work(one)
    for (const dryRun of [true, false]) {
      const resource = await api.import(one.bytes, { onConflict: one.onConflict, dryRun })
      const { id, attributes, meta } = resource

      expect(meta.records.imported).toEqual(countsOf(expected.imported))
      expect(meta.records.skipped).toEqual(one.onConflict === 'skip' ? countsOf(expected.skipped) : undefined)
      const isSuccess = expected.imported.size + expected.skipped.size > 0
      expect(attributes.status).toBe(isSuccess ? 'success' : 'failed')
      await checkCounts(api, resource, one)

      const errors = await api.errors(id)
      expect(errors.map(({ line, field, error }) => essence(line, field, error))).toEqual(expected.errors)

      const { rows } = await service.pool.query('select owner_id from imports where id = $1', [id])
      ownerId = rows[0].owner_id
    }
  }
  for (const noun of NOUNS) {
    const stored = await storedIn(TABLES[noun], ownerId)
    const attributes = oracle.stored[noun].map(({ attributes: { products, plans, ...own } }) => own)
    expect(stored).toEqual(attributes)
    const { rows } = await service.pool.query(
      'select total from totals where owner_id = $1 and resource = $2',
      [ownerId, TABLES[noun]],
    )
    expect(rows[0]?.total ?? 0).toBe(stored.length)
  }
  for (const attribute of ['products', 'plans'] as const) {
    const { rows } = await service.pool.query(
      `select o.id, array_agg(s.name order by s.id) filter (where s.id is not null) as names
       from offerings o left join offering_${attribute} s on s.owner_id = o.owner_id and s.holder_id = o.id
       where o.owner_id = $1 group by o.id order by o.id`,
      [ownerId],
    )
    expect(rows.map(({ names }) => names ?? undefined)).toEqual(
      oracle.stored.offering.map(({ names }) => names[attribute]),
    )
  }
}

/** Ends a search for a smaller counterexample in time for the test to show it, with its seed. */
const SHRINKING = { interruptAfterTimeLimit: 45_000 }

test('Whatever the lines, the counts, the report and the tables follow the contract', async () => {
  await fc.assert(fc.asyncProperty(fc.array(content, { minLength: 1, maxLength: 3 }), check), {
    numRuns: 60,
    ...SHRINKING,
  })
})

test('The same holds for files processed in many chunks', async () => {
  const repeated = content.map(({ lines, onConflict }): Content => {
    const many = Array.from({ length: Math.ceil(4500 / lines.length) }, () => lines).flat()
    const bytes = Buffer.concat(many.flatMap(({ bytes }) => [bytes, Buffer.from('\n')]))
    return { lines: many, bytes, onConflict }
  })
  await fc.assert(
    fc.asyncProperty(repeated, (one) => check([one])),
    { numRuns: 6, ...SHRINKING },
  )
})
