import { expect, test } from 'vitest'
import { SeenRefs } from '../../../src/imports/check/seen-refs.js'
import { plan } from '../../../src/records/plan.js'
import { product } from '../../../src/records/product.js'

test('References are known with the first line that has them, by type, however many there are', () => {
  const seen = new SeenRefs()
  const known = new Map<string, number>()
  for (let line = 1; line <= 50_000; line += 1) {
    const recordType = line % 2 === 0 ? product : plan
    const ref = `ref-${line % 30_011}`
    const key = `${recordType.noun} ${ref}`
    expect(seen.add(recordType, ref, line)).toBe(known.get(key))
    if (!known.has(key)) known.set(key, line)
  }
  for (const recordType of [product, plan]) {
    for (let ref = 0; ref < 31_000; ref += 1) {
      expect(seen.find(recordType, `ref-${ref}`)).toBe(known.get(`${recordType.noun} ref-${ref}`))
    }
  }
})

test('References that differ only in form are different', () => {
  const seen = new SeenRefs()
  const refs = ['a', 'A', 'a ', '', '\u00e9', 'e\u0301', 'x'.repeat(2048), `${'x'.repeat(2047)}y`]
  for (const [index, ref] of refs.entries()) expect(seen.add(product, ref, index + 1)).toBeUndefined()
  for (const [index, ref] of refs.entries()) expect(seen.find(product, ref)).toBe(index + 1)
})
