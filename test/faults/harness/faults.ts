import { setTimeout as sleep } from 'node:timers/promises'
import type { RandomNumbers } from '../../../bench/random.js'
import { aProduct, times } from '../../support/builders.js'
import { formEnd, importFile, multipart } from '../../support/multipart.js'
import { openUpload } from '../../support/sockets.js'
import type { Owner, Victim } from './victim.js'

/** What a fault may need. */
export interface Scene {
  readonly victim: Victim
  readonly random: RandomNumbers
  /** Who uploads what does not arrive, or finds no room. */
  readonly bystander: Owner
  /** Resolves once every file is posted. */
  readonly posted: Promise<void>
}

/** Lines of the bystander's files, those that broke off and the others. */
export const CUT_LINES = 3000
const WHOLE_LINES = 5000

/** Does something to the service. What it took down runs again when it returns, or does so by itself soon. */
export type Fault = (scene: Scene) => Promise<void>

const INTAKE = "datname = 'intake' and application_name = 'intake' and pid <> pg_backend_pid()"

const endConnections =
  (condition: string): Fault =>
  async ({ victim }) => {
    await victim.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where ${INTAKE} and ${condition}`,
    )
  }

async function signalPostmaster({ victim }: Scene, signal: NodeJS.Signals): Promise<void> {
  const pid = await victim.postmaster()
  // It may be down from the fault before.
  if (pid !== undefined) tryToSignal(pid, signal)
}

function tryToSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** By name, what may happen. */
export const faults: Readonly<Record<string, Fault>> = {
  async 'kill -9 of the service'({ victim }) {
    await victim.kill()
    await victim.revive()
  },

  async 'kill -9 of the postmaster'(scene) {
    await signalPostmaster(scene, 'SIGKILL')
  },

  async 'kill -9 of the service and the postmaster'(scene) {
    await signalPostmaster(scene, 'SIGKILL')
    await scene.victim.kill()
    await scene.victim.revive()
  },

  async 'restart of PostgreSQL'(scene) {
    await signalPostmaster(scene, 'SIGINT')
  },

  async 'kill -9 of one session'({ victim, random }) {
    const sessions = await victim.query<{ pid: number }>(
      `select pid from pg_stat_activity where ${INTAKE} and backend_type = 'client backend'`,
    )
    if (sessions.length > 0) tryToSignal(random.pick(sessions).pid, 'SIGKILL')
  },

  'all connections ended': endConnections('true'),

  'connections in a transaction ended': endConnections('xact_start is not null'),

  async 'SIGTERM and a new start'({ victim }) {
    await victim.stop()
    await victim.revive()
  },

  async 'a pause'({ victim, random }) {
    victim.signal('SIGSTOP')
    await sleep(100 + random.below(500))
    victim.signal('SIGCONT')
  },

  /** Time passes for the lease only, while a job is under way; awake again, the process finds the job free, and still works on it. */
  async 'a pause past the lease'(scene) {
    const { victim, random } = scene
    await underWay(scene)
    victim.signal('SIGSTOP')
    await expireLeases(victim)
    await sleep(random.below(300))
    victim.signal('SIGCONT')
  },

  /** Only when nothing is being posted: a start clears away what is not an import yet. */
  async 'a pause in which another process takes over'(scene) {
    const { victim, random, posted } = scene
    await posted
    const id = await underWay(scene)
    victim.signal('SIGSTOP')
    const fence = async () =>
      (await victim.query<{ fence: number }>('select fence from imports where id = $1', [id ?? null]))[0]
        ?.fence ?? 0
    const before = await fence()
    const twin = await victim.twin().catch((error: Error) => error)
    for (let waited = 0; waited < 50 && (await fence()) === before; waited += 1) await sleep(10)
    await sleep(random.below(60))
    victim.signal('SIGCONT')
    if (twin instanceof Error) throw twin
    await sleep(random.below(500))
    if (random.oneIn(2)) await twin.stop()
    else {
      await twin.kill()
      await expireLeases(victim)
    }
  },

  /** What fails makes room again, so some file may fit. */
  async 'a full disk'({ victim, random, bystander }) {
    await victim.starved(random.below(64 * 1024), async () => {
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

  async 'uploads cut at a random byte'({ random, bystander }) {
    const form = multipart([importFile(times(CUT_LINES, () => aProduct()))], formEnd).toString()
    for (let upload = 0; upload < 5; upload += 1) {
      const socket = openUpload(
        bystander.api,
        form.slice(0, random.below(form.length - formEnd.length)),
        `content-length: ${Buffer.byteLength(form)}`,
      )
      await sleep(random.below(40))
      if (random.oneIn(2)) socket.destroy()
      else socket.resetAndDestroy()
    }
  },
}

const LONG = times(40_000, () => aProduct())

/**
 * Posts a long file of records that nothing would keep from being imported twice, as soon as the service takes one, and waits
 * until some of it is imported. So what the fault before took down is up again. Returns the import's id; undefined if the
 * service does not come back.
 */
async function underWay({ victim, bystander }: Scene): Promise<string | undefined> {
  const post = () => bystander.api.upload(LONG).catch(() => undefined)
  let answer = await post()
  for (let attempt = 0; attempt < 200 && answer?.status !== 201; attempt += 1) {
    await sleep(200)
    answer = await post()
  }
  if (answer?.status !== 201) return undefined
  const { id } = answer.body.data
  for (let waited = 0; waited < 200; waited += 1) {
    const [row] = await victim.query<{ imported: number }>(
      'select imported_products as imported from imports where id = $1',
      [id],
    )
    if ((row?.imported ?? 0) > 0) break
    await sleep(5)
  }
  return id
}

/** Those after which nothing may be left even without a new start: no process ended, and no connection. */
export const gentle: ReadonlySet<string> = new Set([
  'a pause',
  'a pause past the lease',
  'a full disk',
  'uploads cut at a random byte',
])

/** As if as much time had passed. What a stopped process has locked stays as it is. */
async function expireLeases(victim: Victim): Promise<void> {
  await victim
    .query(
      "update imports set lease_expires_at = now() where id in (select id from imports where status = 'started' for update skip locked)",
    )
    .catch(() => {})
}
