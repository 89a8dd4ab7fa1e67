import { afterAll, expect, test } from 'vitest'
import { runSchedule } from './harness/schedule.js'
import { Victim, type VictimKind } from './harness/victim.js'

/** Set by `npm run test:faults`. */
const SCHEDULES = Number(process.env.LONG_TEST_AMOUNT ?? 4)
const SEED = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000)
const TIMEOUT_MS = 300_000 + SCHEDULES * 300_000

/** Each is started when first needed. */
const victims = new Map<VictimKind, Promise<Victim>>()
const victimOf = (kind: VictimKind): Promise<Victim> => {
  const victim = victims.get(kind) ?? Victim.start(kind)
  victims.set(kind, victim)
  return victim
}
afterAll(async () => {
  for (const victim of victims.values()) await (await victim).end()
})

test(
  `${SCHEDULES} schedules of faults from seed ${SEED} on: everything ends as it does without them`,
  async () => {
    const tell = (line: string) => process.stderr.write(`${line}\n`)
    tell(`fault schedules: --seed ${SEED} --schedules ${SCHEDULES}`)
    for (let index = 0; index < SCHEDULES; index += 1) {
      const seed = SEED + index
      const happened: string[] = []
      const start = performance.now()
      const failure = await runSchedule(victimOf, seed, (what) => happened.push(what)).catch(
        (error: Error) => error,
      )
      const seconds = ((performance.now() - start) / 1000).toFixed(1)
      tell(`${index + 1} of ${SCHEDULES}, seed ${seed}, ${seconds} s: ${happened.join('; ')}`)
      if (!failure) continue
      tell(`It failed. To repeat it: npm run test:faults -- --seed ${seed} --schedules 1`)
      for (const [kind, victim] of victims) {
        tell(`What the service (${kind}) said last:\n${(await victim).said.slice(-4000)}`)
      }
      expect.fail(`seed ${seed} (${happened.join('; ')}): ${failure.message}`)
    }
  },
  TIMEOUT_MS,
)
