import { expect, test } from 'vitest'
import { countsTable } from '../../src/cli/terminal/summary.js'
import { colorsOf } from '../../src/cli/terminal/terminal.js'
import { type Outcome, validated } from '../../src/imports/resource/outcome.js'
import { counts } from '../support/builders.js'

const BILLION = 1_000_000_000

test('counts of all six types, up to a billion of each, fit a terminal of 80 columns', () => {
  const outcome: Outcome = {
    records: {
      uploaded: counts(BILLION, BILLION, BILLION, BILLION, BILLION, BILLION),
      imported: counts(1, 1, 1, 1, 1, 1),
      skipped: counts(BILLION / 2, 0, 0, 0, 0, 0),
    },
    errors: 1,
    lines: 6 * BILLION,
    isComplete: false,
    words: validated,
  }
  const lines = countsTable(outcome, colorsOf(process.stdout, false)).split('\n')
  expect(lines.map((line) => line.split(' ')[0])).toEqual([
    '',
    'product',
    'plan',
    'subscriber',
    'offering',
    'feature',
    'subscription',
    'total',
  ])
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
})
