import { performance } from 'node:perf_hooks'
import { median } from '../statistics.js'

/** What is compared, by name. A variant that returns a number has measured itself, in ms. */
export type Variants = Readonly<Record<string, () => Promise<unknown>>>

/** The times of each variant, run by run. */
export type Times = Readonly<Record<string, number[]>>

export const noTimes = (names: readonly string[]): Times =>
  Object.fromEntries(names.map((name) => [name, []]))

/** Runs the variants in turn, so that a busy machine slows all of them equally, and prints their medians. */
export async function compare(variants: Variants, runs: number): Promise<void> {
  const times = noTimes(Object.keys(variants))
  for (let run = 0; run < runs; run += 1) {
    for (const [name, variant] of Object.entries(variants)) {
      let own: unknown
      const whole = await timed(async () => {
        own = await variant()
      })
      times[name]?.push(typeof own === 'number' ? own : whole)
    }
  }
  show(times)
}

/** How long `run` takes, in ms. */
export async function timed(run: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await run()
  return performance.now() - begin
}

/** Prints medians. Each run of a variant is also compared with the first variant in the same run. */
export function show(times: Times, unit = 'ms'): void {
  const [first = []] = Object.values(times)
  for (const [name, list] of Object.entries(times)) {
    const middle = median(list)
    const ratio = median(list.map((time, run) => time / (first[run] ?? Number.NaN)))
    process.stdout.write(
      `${name}: ${middle.toFixed(middle < 10 ? 1 : 0)} ${unit}, ${ratio.toFixed(2)} of the first\n`,
    )
  }
}
