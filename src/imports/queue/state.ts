import sql from 'sql-template-tag'
import { type Pool, rows } from '../../db/pool.js'
import { waitingDeliveries } from '../../webhooks/deliveries.js'
import { leaseIsOver } from './heads.js'
import { workingProcesses } from './workers.js'

/** What is waiting and running, for all owners. */
export interface QueueState {
  readonly statuses: readonly {
    readonly status: 'pending' | 'started'
    readonly count: number
    /** Since the POST of the oldest; 0 if there is none. */
    readonly oldestSeconds: number
  }[]
  /** Since the last progress of the started import that has gone longest without any; 0 if there is none. */
  readonly silenceSeconds: number
  /** Started imports whose worker died: their lease expired, and nobody gave them back. */
  readonly expiredLeases: number
  /** Messages to webhooks that are not delivered yet. */
  readonly waitingDeliveries: number
  /** How many processes claim imports. */
  readonly workers: number
}

/** Reads the queues through their indexes, which contain only unfinished imports and deliveries. */
export async function queueState(pool: Pool): Promise<QueueState> {
  const found = await rows<{
    status: 'pending' | 'started'
    count: number
    oldest: number
    silence: number
    expired: number
  }>(
    pool,
    sql`
      select s.status, count(i.id),
        greatest(coalesce(extract(epoch from now() - min(i.created_at)), 0), 0)::double precision as oldest,
        greatest(coalesce(extract(epoch from now() - min(i.updated_at)), 0), 0)::double precision as silence,
        count(*) filter (where ${leaseIsOver('i')}) as expired
      from unnest(array['pending', 'started']) as s(status)
        left join imports i on i.status = s.status and i.status in ('pending', 'started')
      group by s.status
      order by s.status`,
  )
  const started = found.find(({ status }) => status === 'started')
  return {
    statuses: found.map(({ status, count, oldest }) => ({ status, count, oldestSeconds: oldest })),
    silenceSeconds: started?.silence ?? 0,
    expiredLeases: started?.expired ?? 0,
    waitingDeliveries: await waitingDeliveries(pool),
    workers: (await workingProcesses(pool)).length,
  }
}
