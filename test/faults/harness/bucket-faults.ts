import { setTimeout as sleep } from 'node:timers/promises'
import type { RandomNumbers } from '../../../bench/random.js'
import { aProduct, file } from '../../support/builders.js'
import type { RelayState } from '../../support/relay.js'
import { expireLeases, type Faults, MAY_BE_ANSWERED, type Scene, underWay } from './scene.js'

const AWAY: readonly RelayState[] = ['refusing', 'silent', 'resetting']

/** Faults of several processes that share their uploads by S3, and of the S3 server. */
export const bucketFaults: Faults = {
  async 'kill -9 of the S3 server'(scene) {
    await withoutServer(scene)
  },

  async 'kill -9 of the S3 server and a process'(scene) {
    const { victim, random } = scene
    await Promise.all([withoutServer(scene), victim.kill()])
    await sleep(random.below(500))
    await victim.revive()
  },

  async 'a pause of the S3 server'({ victim, random }) {
    const { swift } = victim.bucket
    swift.pause()
    await sleep(pauseOf(random))
    swift.resume()
  },

  /** Perhaps with a start of a process meanwhile. */
  async 'an S3 server that is away'({ victim, random, bystander }) {
    const { network } = victim.bucket
    const start = random.below(3)
    if (start === 1) await victim.stop()
    if (start === 2) await victim.kill()
    await network.be(random.pick(AWAY))
    try {
      // It waits for the server, and is ready to say so.
      if (start > 0) await victim.revive()
      const answer = await bystander.api.upload(file(aProduct())).catch(() => undefined)
      if (answer && !MAY_BE_ANSWERED.includes(answer.status)) {
        throw new Error(
          `With the S3 server away a POST was answered ${answer.status}: ${JSON.stringify(answer.body)}`,
        )
      }
      await sleep(pauseOf(random))
    } finally {
      await network.be('open')
    }
  },

  async 'kill -9 of all processes'({ victim, random }) {
    await victim.each(async (member) => {
      await member.kill()
      await sleep(random.below(300))
      await member.start()
    })
  },

  /** Others finish its jobs, perhaps only when its leases have expired. */
  async 'a process that is gone for a while'(scene) {
    const { victim, random } = scene
    await underWay(scene)
    await victim.kill()
    if (random.oneIn(2)) await expireLeases(victim)
    else await sleep(random.below(20_000))
    await sleep(random.below(1000))
    await victim.revive()
  },

  async 'a pause in which the other process takes over'(scene) {
    const { victim, random } = scene
    const id = await underWay(scene)
    victim.signal('SIGSTOP')
    const fence = async () =>
      (await victim.query<{ fence: number }>('select fence from imports where id = $1', [id]))[0]?.fence ?? 0
    const before = await fence()
    await expireLeases(victim)
    for (let waited = 0; waited < 150 && (await fence()) === before; waited += 1) await sleep(10)
    await sleep(random.below(100))
    victim.signal('SIGCONT')
  },
}

async function withoutServer({ victim, random }: Scene): Promise<void> {
  const { swift } = victim.bucket
  await swift.kill()
  await sleep(pauseOf(random))
  await swift.start()
}

/** Sometimes longer than a request is waited for. */
const pauseOf = (random: RandomNumbers): number => random.below(random.oneIn(6) ? 20_000 : 1500)
