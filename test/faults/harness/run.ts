import { expect } from 'vitest'
import { runSchedule } from './schedule.js'
import { Victim, type VictimKind } from './victim.js'

const SEED = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000)

/** Victims are started when first needed. Call `end` when all schedules are over. */
export function schedules({ amount, several }: { amount: number; several: boolean }) {
  const victims = new Map<VictimKind, Promise<Victim>>()
  const start = (kind: VictimKind): Promise<Victim> => {
    const victim = victims.get(kind) ?? Victim.start(kind)
    victims.set(kind, victim)
    return victim
  }
  const options = several ? ' --processes 2' : ''

  return {
    name: `${amount} schedules of faults from seed ${SEED} on: everything ends as it does without them`,
    timeoutMs: 300_000 + amount * 300_000,

    async run(): Promise<void> {
      tell(`fault schedules: --seed ${SEED} --schedules ${amount}${options}`)
      for (let index = 0; index < amount; index += 1) {
        const seed = SEED + index
        const happened: string[] = []
        const before = performance.now()
        const failure = await runSchedule({
          seed,
          several,
          start,
          tell: (what) => happened.push(what),
        }).catch((error: Error) => error)
        const seconds = ((performance.now() - before) / 1000).toFixed(1)
        tell(`${index + 1} of ${amount}, seed ${seed}, ${seconds} s: ${happened.join('; ')}`)
        if (!failure) continue
        tell(`It failed. To repeat it: npm run test:faults -- --seed ${seed} --schedules 1${options}`)
        for (const [kind, victim] of victims) {
          tell(`What the service (${kind}) said last:\n${(await victim).said.slice(-4000)}`)
        }
        expect.fail(`seed ${seed} (${happened.join('; ')}): ${failure.message}`)
      }
    },

    async end(): Promise<void> {
      for (const victim of victims.values()) await (await victim).end()
    },
  }
}

const tell = (line: string) => process.stderr.write(`${line}\n`)
