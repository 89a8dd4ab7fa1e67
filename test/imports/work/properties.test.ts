import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { Api, ImportResource } from '../../support/api.js'
import { counts } from '../../support/builders.js'
import { testService } from '../../support/service.js'
import { checkNothingLeft, checkRows } from './properties/database.js'
import { Oracle, type Outcome } from './properties/oracle.js'
import { catalogueOfOrganization, type RandomFile, randomFile, written } from './properties/random-files.js'
import { type Content, NOUNS, type Noun } from './properties/records.js'

const service = testService()

/** An organization's catalogue, which every store of this file can refer to. */
const organization = { id: '', oracle: new Oracle() }

beforeAll(async () => {
  const { id, api } = await service.addOrganization()
  const catalogue = written(catalogueOfOrganization, organization.oracle.ids)
  organization.id = id
  expect(organization.oracle.work(catalogue).errors).toEqual([])
  await api.import(catalogue.bytes)
  await checkRows(service.pool, id, organization.oracle)
})

const sixCounts = (of: (noun: Noun) => number) => {
  const [product, plan, subscriber, offering, feature, subscription] = NOUNS.map(of)
  return counts(product, plan, subscriber, offering, feature, subscription)
}

const countsOf = (of: ReadonlyMap<Noun, number>) => sixCounts((noun) => of.get(noun) ?? 0)

/**
 * blank + malformed + uploaded = lines; for every type, imported + skipped + rejected = uploaded. By the
 * report, without the oracle.
 */
async function checkCounts(api: Api, { id, meta }: ImportResource, { lines }: Content): Promise<void> {
  const report = await api.errors(id)
  const rejectedLines = new Set(report.map(({ line }) => line))
  const by = (condition: (line: number) => boolean) =>
    sixCounts(
      (noun) =>
        lines.filter((line, index) => line.kind === 'record' && line.noun === noun && condition(index + 1))
          .length,
    )
  const { uploaded, imported, skipped } = meta.records
  expect(uploaded).toEqual(by(() => true))
  const left = Object.entries(imported).map(([type, count]) => [type, count + (skipped?.[type] ?? 0)])
  expect(Object.fromEntries(left)).toEqual(by((line) => !rejectedLines.has(line)))
  const others = lines.filter(({ kind }) => kind !== 'record').length
  expect(others + Object.values(uploaded).reduce((sum, count) => sum + count)).toBe(meta.file.lines)
  expect(meta.errors).toBe(report.length)
}

/** What can be seen of an import is what the oracle says. */
async function checkImport(
  api: Api,
  resource: ImportResource,
  content: Content,
  { imported, skipped, updated, unchanged, errors }: Outcome,
): Promise<void> {
  const { id, attributes, meta } = resource
  const report = await api.errors(id)
  expect(report.map(({ line, field, error }) => [line, field, field === '' ? '' : error])).toEqual(errors)
  expect(meta.records.imported).toEqual(countsOf(imported))
  expect(meta.records.skipped).toEqual(content.onConflict === 'skip' ? countsOf(skipped) : undefined)
  const keepsJournal = content.onConflict === 'update' || content.onConflict === 'patch'
  expect(meta.records.updated).toEqual(keepsJournal ? countsOf(updated) : undefined)
  expect(meta.records.unchanged).toEqual(keepsJournal ? countsOf(unchanged) : undefined)
  expect(attributes.status).toBe(imported.size + skipped.size > 0 ? 'success' : 'failed')
  await checkCounts(api, resource, content)
}

/** The journal has each line's change, and that of a rehearsal the same, but for ids of what it adds. */
async function checkChanges(
  api: Api,
  rehearsal: ImportResource,
  { id }: ImportResource,
  { changes }: Outcome,
): Promise<void> {
  const journal = (importId: string) => api.lines<Change>(`/subscriptions/imports/${importId}/changes`)
  const done = await journal(id)
  expect(done.map(({ line_number, change }) => [line_number, change])).toEqual(changes)
  const rehearsed = await journal(rehearsal.id)
  const withoutIds = (lines: readonly Change[]) =>
    lines.map(({ id, ...line }) => JSON.parse(JSON.stringify(line).replaceAll(UUIDS, 'id')))
  expect(withoutIds(rehearsed)).toEqual(withoutIds(done))
}

interface Change {
  readonly line_number: number
  readonly id?: string
  readonly change: string
}

const UUIDS = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/**
 * Rehearses and imports the files one after the other for a new store, and compares everything visible with
 * the oracle.
 */
async function check(files: readonly RandomFile[]): Promise<void> {
  const api = await service.addStore(organization.id)
  const oracle = new Oracle(organization.oracle)
  for (const file of files) {
    const content = written(file, oracle.ids)
    const expected = oracle.work(content)
    const { onConflict } = content
    const rehearsal = await api.import(content.bytes, { onConflict, dryRun: true })
    await checkImport(api, rehearsal, content, expected)
    await checkNothingLeft(service.pool, rehearsal.id)
    const resource = await api.import(content.bytes, { onConflict })
    await checkImport(api, resource, content, expected)
    if (onConflict === 'update' || onConflict === 'patch')
      await checkChanges(api, rehearsal, resource, expected)
    const { rows } = await service.pool.query('select owner_id from imports where id = $1', [resource.id])
    await checkRows(service.pool, rows[0].owner_id, oracle)
  }
}

/** Set by `npm run test:properties`. */
const isLong = process.env.LONG_TEST_AMOUNT !== undefined
const RUNS = Number(process.env.LONG_TEST_AMOUNT ?? 30)
const TIMEOUT_MS = 300_000 + RUNS * 10_000

const parameters = (numRuns: number) => ({
  numRuns,
  ...(process.env.TEST_SEED !== undefined && { seed: Number(process.env.TEST_SEED) }),
  // The long form, given the seed, looks for a smaller counterexample.
  endOnFailure: !isLong,
})

test(
  'Whatever the lines, the counts, the report and the tables follow the contract',
  async () => {
    const files = fc.array(randomFile, { minLength: 1, maxLength: 3 })
    await fc.assert(fc.asyncProperty(files, check), parameters(RUNS))
  },
  TIMEOUT_MS,
)

test(
  'The same holds for files processed in many chunks',
  async () => {
    const repeated = randomFile.map((file): RandomFile => {
      // Lines that change a record one after the other take longer, and their chunks are smaller.
      const length = file.onConflict === 'update' || file.onConflict === 'patch' ? 900 : 4500
      const lines = Array.from({ length: Math.ceil(length / file.lines.length) }, () => file.lines).flat()
      return { ...file, lines, ends: ['\n'], hasMark: false, hasLastNewline: true }
    })
    await fc.assert(
      fc.asyncProperty(repeated, (one) => check([one])),
      parameters(Math.ceil(RUNS / 10)),
    )
  },
  TIMEOUT_MS,
)
