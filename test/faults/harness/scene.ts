import { setTimeout as sleep } from 'node:timers/promises'
import type { RandomNumbers } from '../../../bench/random.js'
import { aProduct, times } from '../../support/builders.js'
import type { Owner, Victim } from './victim.js'

/**
 * A job that has not ended after this time is stuck. The longest legitimate pause is a lease, 15 s; machines
 * may be slow.
 */
export const STUCK_MS = 300_000

/** What a fault may need. */
export interface Scene {
  readonly victim: Victim
  readonly random: RandomNumbers
  /**
   * The owner whose uploads do not arrive, find no room, or are being imported while something happens. All
   * of its lines are valid.
   */
  readonly bystander: Owner
  /** The owner who takes all it can get. Some of its lines are wrong. */
  readonly greedy: Owner
  /** Resolves once every file is posted. */
  readonly posted: Promise<void>
  /** Registers something to be undone at the end, once all observed imports have ended. */
  later(undo: () => Promise<void>): void
}

/** Does something to the service. What it took down runs again when it returns, or soon after by itself. */
export type Fault = (scene: Scene) => Promise<void>

export type Faults = Readonly<Record<string, Fault>>

export function tryToSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** As if this much time had passed. Locks of a stopped process stay. */
export async function expireLeases(victim: Victim): Promise<void> {
  await victim
    .query(
      `update imports set lease_expires_at = now()
       where id in (select id from imports where status = 'started' for update skip locked)`,
    )
    .catch(() => {})
}

/** Posts a file of the bystander as soon as the service accepts one; returns the import's id. */
export async function postAsBystander({ bystander }: Scene, content: string): Promise<string> {
  const post = () => bystander.api.upload(content).catch(() => undefined)
  let answer = await post()
  for (let attempt = 0; attempt < 600 && answer?.status !== 201; attempt += 1) {
    await sleep(200)
    answer = await post()
  }
  if (answer?.status === 201) return answer.body.data.id
  throw new Error(`The service takes no file: ${JSON.stringify(answer?.body)}`)
}

const LONG = times(40_000, () => aProduct())

/**
 * Posts a long file of records that nothing would keep from being imported twice, and waits until some of it
 * is imported. So what the previous fault took down is up again. Returns the import's id.
 */
export async function underWay(scene: Scene): Promise<string> {
  const id = await postAsBystander(scene, LONG)
  for (;;) {
    const [row] = await scene.victim.query<{ begun: boolean }>(
      `select c.imported > 0 or i.status not in ('pending', 'started') as begun
       from imports i join import_counts c on c.import_id = i.id and c.type = 'subscription_product'
       where i.id = $1`,
      [id],
    )
    if (row?.begun) return id
    await sleep(5)
  }
}

/**
 * The responses allowed instead of the expected one: the database may still be recovering from the previous
 * fault.
 */
export const MAY_BE_ANSWERED: readonly number[] = [429, 503]
