import { expect, test } from 'vitest'
import { chosen, type Run, ratioOf, trialsOf } from '../../bench/row.js'
import { rowsOf } from '../../bench/rows.js'
import type { Trial } from '../../bench/trial.js'

const rows = rowsOf([50_000, 1_000_000])

/** Readings of these trials alone. Every figure of them is 1; of a list of questions, each has that. */
function runOf(trials: readonly Trial[]): Run {
  const one = { seconds: 1, baseSeconds: 1 }
  const readings = new Proxy({}, { get: (_, name) => (name === 'get' ? () => one : 1) })
  return {
    of(trial) {
      if (!trials.includes(trial)) throw new Error(`${trial.name} was not measured`)
      return readings as never
    },
  }
}

test.each(rows.map((row) => [row.name, row] as const))('"%s" alone measures what it shows', (_, row) => {
  const { trials, rows: shown } = chosen(rows, row.name)
  expect(shown).toContain(row)
  for (const one of shown) {
    // A row whose program is not installed has no figure.
    const isKnown = one.measured.trials.length > 0
    if (isKnown) expect(one.measured.of(runOf(trials))).toBeGreaterThan(0)
    if (isKnown && one.base) expect(ratioOf(one, runOf(trials))).toBeGreaterThan(0)
  }
})

test('what a row and its base are read from is measured once, and every row that is then known is shown', () => {
  const { trials, rows: shown } = chosen(rows, 'peak memory of Node, 1,000,000')
  expect(trials.map(({ name, records }) => [name, records])).toEqual([
    ['import', 50_000],
    ['import', 1_000_000],
  ])
  expect(shown.map(({ name }) => name)).toContain('records a second, 1,000,000')
  expect(shown.every((row) => trialsOf(row).every((trial) => trials.includes(trial)))).toBe(true)
})

test('no text chooses every row', () => {
  expect(chosen(rows, '').rows).toEqual(rows)
})

test('of three sizes, the largest is only imported, and its time a record is compared with the next', () => {
  const all = rowsOf([50_000, 10_000_000, 1_000_000])
  const { trials } = chosen(all, '10,000,000')
  const sizes = trials.map(({ name, records }) => [name, records])
  expect(sizes).toEqual([
    ['import', 10_000_000],
    ['import', 1_000_000],
  ])
  const row = all.find(({ name }) => name === 'time a record, 10,000,000')
  if (!row) throw new Error('there is no such row')
  const run: Run = { of: ({ records }) => ({ seconds: records === 10_000_000 ? 210 : 20 }) as never }
  expect(row.base?.name).toBe('1,000,000')
  expect(row.measured.of(run)).toBeCloseTo(21e-6)
  expect(ratioOf(row, run)).toBeCloseTo(1.05)
  const others = all.filter(({ name }) => !name.endsWith('10,000,000'))
  expect(others.map(({ name }) => name)).toEqual(rows.map(({ name }) => name))
})

test('the CPU time of Node and PostgreSQL together is that of a million records', () => {
  const [row] = rowsOf([500_000]).filter(({ name }) => name.startsWith('CPU a million records: Node and'))
  if (!row) throw new Error('there is no such row')
  const run = (readings: object): Run => ({ of: () => readings as never })
  expect(row.measured.of(run({ nodeCpuSeconds: 8, postgresCpuSeconds: 7 }))).toBe(30)
  expect(ratioOf(row, run({ nodeCpuSeconds: 8, postgresCpuSeconds: 7 }))).toBe(1.25)
  expect(row.measured.of(run({ nodeCpuSeconds: 8, postgresCpuSeconds: undefined }))).toBeUndefined()
})
