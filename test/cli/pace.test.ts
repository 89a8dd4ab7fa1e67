import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clock } from '../../src/cli/terminal/clock.js'
import { Pace } from '../../src/imports/resource/pace.js'

describe('The pace of a work', () => {
  test('is that of the last ten seconds', () => {
    const pace = new Pace()
    pace.saw(0, 0)
    expect(pace.rate).toBeUndefined()
    pace.saw(0.1, 1000)
    expect(pace.rate).toBeCloseTo(0.1 / 1000)
    for (let second = 2; second <= 20; second += 1) pace.saw(0.1 + second / 100, second * 1000)
    expect(pace.rate).toBeCloseTo(0.01 / 1000)
    expect(pace.msLeftAt(20_000)).toBeCloseTo(70_000, -2)
  })

  test('moves on evenly between what is seen, for a while', () => {
    const pace = new Pace()
    pace.saw(0, 0)
    pace.saw(0.1, 1000)
    expect(pace.shownAt(1000)).toBeCloseTo(0.1)
    expect(pace.shownAt(1250)).toBeCloseTo(0.125)
    expect(pace.shownAt(1500)).toBeCloseTo(0.15)
    expect(pace.shownAt(6000)).toBeCloseTo(0.6)
    expect(pace.shownAt(60_000)).toBeCloseTo(0.6)
  })

  test('stands still, without a time left, while the server is away', () => {
    const pace = new Pace()
    pace.saw(0, 0)
    pace.saw(0.1, 1000)
    const shown = pace.shownAt(1500)
    pace.interrupt()
    expect([pace.rate, pace.msLeftAt(2000)]).toEqual([undefined, undefined])
    expect(pace.shownAt(9000)).toBe(shown)
    pace.saw(0.2, 9100)
    expect(pace.shownAt(9100)).toBe(0.2)
  })

  test('never goes back, and shows the end only when it is reached, whatever is seen and when', () => {
    const steps = fc.array(
      fc.record({
        ms: fc.integer({ min: 0, max: 12_000 }),
        done: fc.double({ min: 0, max: 0.3, noNaN: true }),
        isLost: fc.boolean(),
      }),
      { maxLength: 30 },
    )
    fc.assert(
      fc.property(steps, (given) => {
        const pace = new Pace()
        let [now, progress, shown] = [0, 0, 0]
        for (const { ms, done, isLost } of given) {
          now += ms
          progress = Math.min(progress + done, 0.9999)
          if (isLost) pace.interrupt()
          else pace.saw(progress, now)
          for (const later of [0, 250, 500]) {
            const next = pace.shownAt(now + later)
            expect(next).toBeGreaterThanOrEqual(shown)
            expect(next).toBeLessThan(1)
            shown = next
          }
          now += 500
        }
        pace.saw(1, now)
        expect(pace.shownAt(now)).toBe(1)
      }),
    )
  })

  test.each([
    [0, '0:00'],
    [6600, '0:07'],
    [725_000, '12:05'],
    [3_723_000, '1:02:03'],
    [-5, '0:00'],
  ])('%d ms are %s', (ms, shown) => {
    expect(clock(ms)).toBe(shown)
  })
})
