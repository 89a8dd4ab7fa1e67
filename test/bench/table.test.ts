import { expect, test } from 'vitest'
import { valuesOfLine } from '../../bench/copied-rows.js'
import { seconds } from '../../bench/format.js'
import { figure, type Row, type Run } from '../../bench/row.js'
import { showResults } from '../../bench/table.js'
import type { Trial } from '../../bench/trial.js'

interface Readings {
  readonly seconds: number | undefined
  readonly base: number
}

const trial: Trial<Readings> = {
  name: 'a trial',
  records: 1,
  prepare: async () => {},
  measure: async () => ({ seconds: 1, base: 1 }),
}

const aRow = (row: Partial<Row> = {}): Row => ({
  name: 'a row',
  measured: figure(trial, 'seconds'),
  show: seconds,
  base: { name: 'the base', figure: figure(trial, 'base') },
  ...row,
})

const aRun = (readings: Readings): Run => ({ of: () => readings as never })

/** The cells of a table of one row. */
function cellsOf(row: Row, runs: readonly Readings[]): string[] {
  const machine = { cpu: '', cores: 2, memoryBytes: 0, system: '', node: '', postgres: '' }
  const line = showResults(machine, [row], runs.map(aRun)).split('\n').at(-2) ?? ''
  return line.split('│').flatMap((cell) => cell.trim() || [])
}

test('a row of one run shows its figure, its base, and their ratio', () => {
  expect(cellsOf(aRow(), [{ seconds: 3, base: 2 }])).toEqual([
    'a row',
    '3.00 s',
    'the base: 2.00 s',
    '1.50',
    '–',
  ])
})

test('for several runs it shows the median, the least and the most, and each ratio is within one run', () => {
  const runs = [
    { seconds: 4, base: 1 },
    { seconds: 6, base: 3 },
    { seconds: 5, base: 5 },
  ]
  expect(cellsOf(aRow(), runs)).toEqual([
    'a row',
    '5.00 s (4.00 – 6.00)',
    'the base: 3.00 s',
    '2.00 (1.00 – 4.00)',
    '–',
  ])
})

test.each([
  [{ atMost: 1.5 }, '≤ 1.5'],
  [{ atMost: 1.4 }, '≤ 1.4 miss'],
  [{ atLeast: 1.5 }, '≥ 1.5'],
  [{ atLeast: 40 }, '≥ 40 miss'],
])('a ratio of 1.5 and the target %o are shown as "%s"', (target, shown) => {
  expect(cellsOf(aRow({ target }), [{ seconds: 3, base: 2 }]).at(-1)).toBe(shown)
})

test('what the system does not report is left blank, and misses no target', () => {
  const row = aRow({ target: { atMost: 1 } })
  expect(cellsOf(row, [{ seconds: undefined, base: 2 }])).toEqual([
    'a row',
    '–',
    'the base: 2.00 s',
    '–',
    '≤ 1',
  ])
})

test("a line of COPY's text format is read as its values", () => {
  expect(valuesOfLine('a\\tb\t\\N\t\t\\\\N\t{"n": "\\\\n"}\t\\n')).toEqual([
    'a\tb',
    null,
    '',
    '\\N',
    '{"n": "\\n"}',
    '\n',
  ])
})
