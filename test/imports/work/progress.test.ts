import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { noCounts } from '../../../src/imports/counts.js'
import { passes } from '../../../src/imports/file/passes.js'
import { progressOf } from '../../../src/imports/progress.js'
import { recordTypes } from '../../../src/records/index.js'
import type { Api, ImportResource } from '../../support/api.js'
import { anOffering, aPlan, aProduct, aSubscription, file, times } from '../../support/builders.js'
import { testService } from '../../support/service.js'

const service = testService({})

/** Good, bad, repeated and existing records of all passes, and lines that are none. */
const lines: readonly ((n: number) => ReturnType<typeof aProduct> | string)[] = [
  (n) => aProduct({ external_ref: `p-${n}` }),
  (n) => aProduct({ external_ref: `p-${n}`, name: 'x' }),
  () => aProduct({ external_ref: 'there' }),
  () => aProduct({ external_ref: 'repeated' }),
  (n) => aPlan({ external_ref: `plan-${n}` }),
  () => anOffering({ products: ['there'], plans: ['there'] }),
  () => anOffering({ products: ['nowhere'], plans: ['there'] }),
  () => aSubscription({ offering_external_ref: 'there' }),
  () => aSubscription({ offering_external_ref: 'nowhere' }),
  () => '{',
  () => '',
]

const randomImport = fc.record({
  // Enough lines for several chunks; long runs of one kind, so that a pass may have nothing to do for a while.
  runs: fc.array(fc.tuple(fc.nat(lines.length - 1), fc.integer({ min: 100, max: 4000 })), {
    minLength: 1,
    maxLength: 6,
  }),
  onConflict: fc.constantFrom('reject', 'skip', 'update'),
  dryRun: fc.boolean(),
  /** The service is killed each time the progress has reached one of these. */
  kills: fc.array(fc.double({ min: 0, max: 0.9, noNaN: true }), { maxLength: 1 }),
})

const hasEnded = ({ attributes: { status } }: ImportResource) => status === 'success' || status === 'failed'

/** Follows an import to its end, as closely as possible, and returns its progress each time that it moved. */
async function follow(
  api: Api,
  id: string,
  kills: readonly number[] = [],
): Promise<{ seen: number[]; ended: ImportResource }> {
  const seen: number[] = []
  const left = kills.toSorted((a, b) => a - b)
  for (;;) {
    const found = await api.at(service.server.url).find(id)
    const { progress } = found.meta
    if (seen.at(-1) !== progress) seen.push(progress)
    if (hasEnded(found)) return { seen, ended: found }
    expect(progress).toBeLessThan(1)
    if (progress >= (left[0] ?? 1)) {
      left.shift()
      await service.restart()
    }
    await setImmediate()
  }
}

const ascending = (seen: readonly number[]) => seen.toSorted((a, b) => a - b)

const RUNS = 6

test('Progress never goes back and ends at 1, whatever the lines, and through kills', async () => {
  let moves = 0
  await fc.assert(
    fc.asyncProperty(randomImport, async ({ runs, onConflict, dryRun, kills }) => {
      const api = await service.addStore()
      await api.import(
        file(
          aProduct({ external_ref: 'there' }),
          aPlan({ external_ref: 'there' }),
          anOffering({ external_ref: 'there' }),
        ),
      )
      const content =
        runs.map(([kind, count]) => times(count, (n) => lines[kind]?.(n) ?? '')).join('') + file(aProduct())
      const { id, meta } = await api.create(content, { onConflict, dryRun })
      expect(meta.progress).toBe(0)
      const { seen, ended } = await follow(api, id, kills)
      expect(ascending(seen)).toEqual(seen)
      expect(ended.meta.failure).toBeUndefined()
      expect(seen.at(-1)).toBe(1)
      moves += seen.length
    }),
    {
      numRuns: RUNS,
      interruptAfterTimeLimit: 60_000,
      ...(process.env.TEST_SEED !== undefined && { seed: Number(process.env.TEST_SEED) }),
    },
  )
  // Otherwise it shows nothing.
  expect(moves).toBeGreaterThan(2 * RUNS)
})

describe('Progress', () => {
  let api: Api
  beforeAll(async () => {
    api = await service.addStore()
  })

  test('is 1 for an import of which every record was rejected', async () => {
    const { meta } = await api.import(times(5000, () => aProduct({ name: 'x' })))
    expect([meta.failure?.reason, meta.progress]).toEqual(['all_rejected', 1])
  })

  test('of an import that was stopped stays below 1, and a retry goes on from there', async () => {
    const content = times(4000, () => aProduct({ name: 'x' })) + times(20_000, () => aProduct())
    const stopped = await api.import(content, { maxErrors: 10 })
    expect(stopped.meta.progress).toBeGreaterThan(0)
    expect(stopped.meta.progress).toBeLessThan(1)
    const { body } = await api.request(`/subscriptions/imports/${stopped.id}/retry`, { method: 'POST' })
    expect(body.data.meta.progress).toBe(stopped.meta.progress)
    const { seen } = await follow(api, stopped.id)
    expect([ascending(seen), seen.at(-1)]).toEqual([seen, 1])
  })
})

test('Progress by the checkpoint ascends through all passes, and is below 1 even at the end of the last', () => {
  const counts = fc.record(Object.fromEntries(recordTypes.map(({ type }) => [type, fc.nat(1000)])))
  const places = fc.array(fc.tuple(fc.integer({ min: 1, max: passes.length }), fc.nat(10_000)), {
    minLength: 1,
  })
  fc.assert(
    fc.property(counts, fc.nat(1000), places, (uploaded, others, given) => {
      const records = Object.values(uploaded).reduce((sum, count) => sum + count, 0)
      const of = {
        uploaded: { ...noCounts(), ...uploaded },
        file: { bytes: 10_000, lines: records + others + 1 },
      }
      const inOrder = given.toSorted(([a, x], [b, y]) => a - b || x - y)
      const seen = inOrder.map(([pass, bytes]) => progressOf({ ...of, checkpoint: { pass, bytes } }))
      expect(ascending(seen)).toEqual(seen)
      for (const progress of seen) expect(progress).toSatisfy((one: number) => one >= 0 && one < 1)
      const end = { pass: passes.length, bytes: 10_000 }
      expect(progressOf({ ...of, checkpoint: end })).toBeGreaterThan(0.999)
    }),
  )
})
