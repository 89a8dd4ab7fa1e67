import sql from 'sql-template-tag'
import { type Pool, rows } from '../db/pool.js'

/** The imports of all owners that have not ended. */
export interface QueueState {
  readonly statuses: readonly {
    readonly status: 'pending' | 'started'
    readonly count: number
    /** Since the POST of the oldest; 0 if there is none. */
    readonly oldestSeconds: number
  }[]
  /** Since the last step forward of the started import that is the longest without one; 0 if there is none. */
  readonly silenceSeconds: number
  /** Started imports whose lease ran out. */
  readonly expiredLeases: number
}

/** Reads the queue by its index, which has the imports alone that have not ended. */
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
        count(*) filter (where i.lease_expires_at < now()) as expired
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
  }
}
