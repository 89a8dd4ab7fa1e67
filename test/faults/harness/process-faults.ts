import { setTimeout as sleep } from 'node:timers/promises'
import { aProduct, file } from '../../support/builders.js'
import { expireLeases, type Faults, postAsBystander, type Scene, underWay } from './scene.js'
import type { Victim } from './victim.js'

/** Faults that end or stop the service's process. */
export const processFaults: Faults = {
  async 'kill -9 of the service'({ victim }) {
    await victim.kill()
    await victim.revive()
  },

  async 'SIGTERM and a new start'({ victim }) {
    await victim.stop()
    await victim.revive()
  },

  async 'a pause'({ victim, random }) {
    victim.signal('SIGSTOP')
    await sleep(100 + random.below(500))
    victim.signal('SIGCONT')
  },

  /**
   * Time passes only for the lease, while a job is running; when it wakes, the process has lost the job, and
   * still works on it.
   */
  async 'a pause past the lease'(scene) {
    const { victim, random } = scene
    await underWay(scene)
    victim.signal('SIGSTOP')
    await expireLeases(victim)
    await sleep(random.below(300))
    victim.signal('SIGCONT')
  },

  /** The import is blocked before its first record, and each process that has claimed it is killed. */
  async 'kills in a row between the claim of an import and its first chunk'(scene) {
    const { victim, random } = scene
    const externalRef = random.uuid()
    const release = await hold(scene, externalRef)
    try {
      const id = await postAsBystander(scene, file(aProduct({ external_ref: externalRef })))
      for (let kills = 2 + random.below(3); kills > 0; kills -= 1) {
        await claimed(victim, id)
        await victim.kill()
        // As if the growing wait of each had passed.
        await victim.query("update imports set retry_at = now() where status = 'started'")
        await victim.revive()
      }
    } finally {
      await release()
    }
  },
}

/** Of a service with one process. */
export const takeover: Faults = {
  /** Only when nothing is being posted: a start removes what is not an import yet. */
  async 'a pause in which another process takes over'(scene) {
    const { victim, random, posted } = scene
    await posted
    const id = await underWay(scene)
    victim.signal('SIGSTOP')
    const fence = async () =>
      (await victim.query<{ fence: number }>('select fence from imports where id = $1', [id]))[0]?.fence ?? 0
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
}

/**
 * Holds an `external_ref` of the bystander by a transaction until it is released, or its connection is ended.
 */
async function hold({ victim, bystander }: Scene, externalRef: string): Promise<() => Promise<void>> {
  const client = await victim.pool.connect()
  client.on('error', () => {})
  await client.query('begin; set local idle_in_transaction_session_timeout to 0')
  await client.query(
    `insert into products (owner_id, id, created_at, updated_at, external_ref, name)
     values ($1, gen_random_uuid(), now(), now(), $2, 'Held')`,
    [bystander.id, externalRef],
  )
  return async () => {
    await client.query('rollback').catch(() => {})
    client.release(true)
  }
}

/** Waits until a process runs the import, or it has ended because what blocked it is gone. */
async function claimed(victim: Victim, id: string): Promise<void> {
  for (;;) {
    const [row] = await victim.query<{ status: string; taken: boolean }>(
      'select status, lease_expires_at > clock_timestamp() as taken from imports where id = $1',
      [id],
    )
    if (row?.taken || row?.status === 'success') return
    await sleep(20)
  }
}
