import { expect, test } from 'vitest'
import { randomNumbers } from '../../../bench/random.js'
import { FileWarnings, type Warnings } from '../../../src/imports/warnings/file-warnings.js'
import { Repeats } from '../../../src/imports/warnings/repeats.js'
import { product } from '../../../src/records/product.js'
import { subscriber } from '../../../src/records/subscriber.js'

const LINES = 2000

/** The record of a line, always the same. */
function recordOf(line: number) {
  const colour = { [`colour-${(line * 7919) % 401}`]: 'red' }
  if (line % 3 === 0)
    return { recordType: product, attributes: line % 2 === 0 ? colour : { external_ref: 'x' } }
  const email = `${(line * 31) % 500}@example.com`
  const attributes = { external_ref: 'x', account_id: `account ${line % 700}`, email }
  return { recordType: subscriber, attributes: line % 50 === 1 ? { ...attributes, ...colour } : attributes }
}

const place = (lines: number) => ({ pass: 1, bytes: lines * 100, lines })

/** Adds up what was taken, by warning. */
function sumOf(taken: readonly Warnings[]) {
  const sum = new Map<string, [lines: number, first: number]>()
  let lines = 0
  for (const warnings of taken) {
    lines += warnings.lines
    for (const { code, type, field, lines: more, first } of warnings.kinds) {
      const key = `${code} ${type} ${field}`
      const [before, earlier] = sum.get(key) ?? [0, first]
      sum.set(key, [before + more, Math.min(first, earlier)])
    }
  }
  return { lines, kinds: Object.fromEntries([...sum].sort()) }
}

function inChunksOf(sizes: () => number, interrupted: () => number | undefined) {
  const warnings = new FileWarnings(place(0), () => LINES)
  const taken: { warnings: Warnings; end: number }[] = []
  let line = 0
  while (line < LINES) {
    const back = interrupted()
    // Some of the chunks are not committed, and the last one is not even complete.
    if (back !== undefined && taken.length > 0) {
      for (let lost = 0; lost < back && taken.length > 0; lost += 1) taken.pop()
      line = taken.at(-1)?.end ?? 0
      expect(warnings.rewindTo(place(line))).toBe(true)
    }
    const end = Math.min(line + sizes(), LINES)
    for (; line < end; line += 1) {
      warnings.add(line + 1, { kind: 'valid', ...recordOf(line + 1) })
    }
    if (interrupted() === undefined) taken.push({ warnings: warnings.take(place(end)), end })
    else {
      line = taken.at(-1)?.end ?? 0
      expect(warnings.rewindTo(place(line))).toBe(true)
    }
  }
  return sumOf(taken.map((one) => one.warnings))
}

test('The warnings of a file are the same in whatever chunks it is read, and however often it is interrupted', () => {
  const whole = inChunksOf(
    () => LINES,
    () => undefined,
  )
  expect(Object.keys(whole.kinds).filter((key) => key.startsWith('unknown_attribute'))).toHaveLength(100)
  expect(whole.lines).toBeGreaterThan(1000)
  for (let seed = 1; seed <= 30; seed += 1) {
    const random = randomNumbers(seed)
    const found = inChunksOf(
      () => 1 + random.below(200),
      () => (random.oneIn(5) ? random.below(5) : undefined),
    )
    expect(found).toEqual(whole)
  }
})

test('What is further back than is remembered has to be read again', () => {
  const warnings = new FileWarnings(place(0), () => LINES)
  for (let chunk = 1; chunk <= 20; chunk += 1) warnings.take(place(chunk))
  expect(warnings.rewindTo(place(3))).toBe(false)
})

test('A value counts as repeated from the second time on', () => {
  const repeats = new Repeats(100_000)
  const added: number[] = []
  const values = Array.from({ length: 100_000 }, (_, index) => `${index}@example.com`)
  expect(values.filter((value) => repeats.add(value, added))).toEqual([])
  expect(values.every((value) => repeats.add(value, added))).toBe(true)
  repeats.undo(added.slice(50_000))
  expect(repeats.add('0@example.com', [])).toBe(true)
  expect(repeats.add('99999@example.com', [])).toBe(false)
})
