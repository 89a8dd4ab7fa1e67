import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../../src/json/parse.js'

describe('JSON is parsed like JSON.parse', () => {
  test('whatever it contains, if its numbers have at most 15 digits', () => {
    const number = fc
      .tuple(fc.integer({ min: -(10 ** 15) + 1, max: 10 ** 15 - 1 }), fc.integer({ min: -40, max: 0 }))
      .map(([digits, exponent]) => Number(`${digits}e${exponent}`))
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        number,
        fc.string(),
        fc.constantFrom('1.00000000000000001', ',1e-400', '"', '\\'),
        fc.array(tie('value')),
        fc.dictionary(fc.string(), tie('value')),
      ),
    })).value
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
        const json = JSON.stringify(value, null, space)
        expect(parseJson(json)).toEqual(JSON.parse(json))
      }),
      { numRuns: 2000 },
    )
  })

  test('except for the numbers that it would alter, wherever they are', () => {
    const json =
      '{"a":1.0000000000000001,"1.0000000000000001":[ 9007199254740990.6 ,"\\"1e-400",1e-400,-1e400,0.1]}'
    const [altered, tooLarge] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    expect(parseJson(json)).toEqual({
      a: altered,
      '1.0000000000000001': [altered, '"1e-400', altered, tooLarge, 0.1],
    })
  })

  test('however many zeros a number has in the middle', () => {
    const zeros = '0'.repeat(1_000_000)
    expect(parseJson(`[1.${zeros}1,1.${zeros},1e${zeros}1]`)).toEqual([Number.NEGATIVE_INFINITY, 1, 10])
  })

  test('nested 100,000 levels deep, and with the same error', () => {
    expect(parseJson(`${'['.repeat(100_000)}1.5${']'.repeat(100_000)}`)).toHaveLength(1)
    const message = (parse: (text: string) => unknown) => {
      try {
        return parse('{"a":1.0000000000000001,}')
      } catch (error) {
        return String(error)
      }
    }
    expect(message(parseJson)).toBe(message(JSON.parse))
  })
})
