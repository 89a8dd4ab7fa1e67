import { setTimeout as sleep } from 'node:timers/promises'
import type { RandomNumbers } from '../../../bench/random.js'
import { aProduct, times } from '../../support/builders.js'
import type { Start } from './member.js'
import { answered } from './patience.js'
import { type Fault, type Faults, postAsBystander, type Scene } from './scene.js'

/** A restart, under circumstances that last as long as its process. */
const newStart =
  (start: (random: RandomNumbers) => Start, then: Fault = async () => {}): Fault =>
  async (scene) => {
    const { victim, random } = scene
    if (random.oneIn(2)) await victim.stop()
    else await victim.kill()
    await victim.revive(start(random))
    await then(scene)
  }

const TALKATIVE = { LOG_LEVEL: 'trace' }
const HOUR_MS = 3_600_000
const preload = new URL('../../support/shifted-clock.mjs', import.meta.url).href

/** What makes the clock of a process run ahead by `ms`. */
export const clockOff = (ms: number): Readonly<Record<string, string>> => ({
  CLOCK_SHIFT_MS: String(ms),
  NODE_OPTIONS: `--import=${preload}`,
})

/** Faults in the environment of a process from its start on. */
export const startFaults: Faults = {
  'a new start with its log on a full disk': newStart(
    () => ({ environment: TALKATIVE, log: 'full disk' }),
    fillLog,
  ),

  'a new start with a log that nobody reads': newStart(
    () => ({ environment: TALKATIVE, log: 'unread' }),
    fillLog,
  ),

  'a new start with its clock off by hours': newStart(
    (random) => ({
      environment: clockOff((random.oneIn(2) ? -1 : 1) * (1 + random.below(48)) * HOUR_MS),
    }),
    importAndReadResults,
  ),
}

/** Requests whose lines in the log are long: more than a pipe holds. */
async function fillLog({ victim, random }: Scene): Promise<void> {
  for (let asked = 0; asked < 40; asked += 1) {
    const { status } = await fetch(`${victim.member.url}/healthz?${'x'.repeat(6000)}`)
    if (status !== 200) throw new Error(`With a log that is stuck, /healthz was answered ${status}.`)
  }
  await sleep(random.below(100))
}

const LINES = 1000

/** What an import has added is found by the time it was added. */
async function importAndReadResults(scene: Scene): Promise<void> {
  const { api } = scene.bystander
  const path = `/subscriptions/imports/${await postAsBystander(
    scene,
    times(LINES, () => aProduct()),
  )}`
  while ((await answered(() => api.get(path))).body.data.attributes.status !== 'success') await sleep(20)
  const { body } = await answered(() => api.get(`${path}/results`))
  const found = String(body).split('\n').length - 1
  if (found !== LINES) throw new Error(`Of ${LINES} imported lines the results have ${found}.`)
}
