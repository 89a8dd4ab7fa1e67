import { setTimeout as sleep } from 'node:timers/promises'
import { aProduct, file, times } from '../../support/builders.js'
import { type Faults, MAY_BE_ANSWERED } from './scene.js'

const WHOLE_LINES = 5000

/** Faults of the uploads' disk. */
export const diskFaults: Faults = {
  /** What fails makes room again, so some file may fit. */
  async 'a full disk'({ victim, random, bystander }) {
    await victim.disk.starved(victim.pid, random.below(64 * 1024), async () => {
      const whole = times(WHOLE_LINES, () => aProduct())
      const answer = await bystander.api.upload(whole).catch(() => undefined)
      if (answer && ![201, 503].includes(answer.status)) {
        throw new Error(
          `With a full disk a POST was answered ${answer.status}: ${JSON.stringify(answer.body)}`,
        )
      }
      await sleep(random.below(100))
    })
  },

  /** Perhaps with a restart meanwhile, as when a machine starts before its network disk is available. */
  async 'a folder of uploads that is away'({ victim, random, bystander }) {
    const start = random.below(3)
    if (start === 1) await victim.stop()
    if (start === 2) await victim.kill()
    await victim.disk.away(async () => {
      if (start > 0) await victim.revive()
      const { status, body } = await bystander.api.upload(file(aProduct()))
      if (!MAY_BE_ANSWERED.includes(status)) {
        throw new Error(`With the uploads away a POST was answered ${status}: ${JSON.stringify(body)}`)
      }
      await sleep(random.below(1000))
    })
  },
}
