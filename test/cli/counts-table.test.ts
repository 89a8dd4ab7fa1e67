import { expect, test } from 'vitest'
import { errorsTable, kindsTable } from '../../src/cli/terminal/error-tables.js'
import { countsTable } from '../../src/cli/terminal/summary.js'
import { colorsOf } from '../../src/cli/terminal/terminal.js'
import { type Outcome, validated } from '../../src/imports/resource/outcome.js'
import { counts } from '../support/builders.js'

const BILLION = 1_000_000_000

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
const NAMES = ['product', 'plan', 'subscriber', 'offering', 'feature', 'subscription', 'total']

const styleFor = (width: number | undefined) => ({ colors: colorsOf(process.stdout, false), width })

test('counts of all six types, up to a billion of each, fit a terminal of 80 columns', () => {
  const lines = countsTable(outcome, styleFor(80)).split('\n')
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['', ...NAMES])
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(80)
  expect(countsTable(outcome, styleFor(undefined)).split('\n')).toEqual(lines)
})

test('in 40 columns they are words for each type', () => {
  const lines = countsTable(outcome, styleFor(40)).split('\n')
  expect(lines.map((line) => line.split(' ')[0]).filter(Boolean)).toEqual(NAMES)
  expect(lines.slice(0, 2).map((line) => line.trim().replaceAll(/ {2,}/g, ' '))).toEqual([
    'product 1,000,000,000 uploaded,',
    '1 valid,',
  ])
  for (const line of lines) expect(line.length).toBeLessThanOrEqual(40)
})

test.each([40, 80])('errors fit %i columns, with lines in the millions and the longest fields', (width) => {
  const field = 'subscription_offering.price_units.amount'
  const error = 'external_ref "a-long-one" is already used by another record'
  const meta = { line_number: 9_999_999, lines: 9_999_999, first_line_number: 9_999_999, field, error }
  const texts = [errorsTable([{ meta }], styleFor(width)), kindsTable([{ meta } as never], styleFor(width))]
  for (const text of texts) {
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(width)
    expect(text.replaceAll(/\s/g, '')).toContain(width === 40 ? error.replaceAll(' ', '') : 'external_ref')
    expect(text).toContain('9,999,999')
  }
})
