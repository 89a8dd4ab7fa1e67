import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '../pool.js'
import { MigratedElsewhere } from '../reach.js'

const PATIENCE_MS = 5000
const LOOK_AGAIN_MS = 100

/**
 * Takes the lock of migrations for the session: only one process at a time changes the tables of a schema.
 *
 * @throws MigratedElsewhere if another process keeps it
 */
export async function waitForTurn(client: Client): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const { rows } = await client.query<{ is_ours: boolean; pid: number | null }>(TURN)
    const [turn] = rows
    // Null: there is no schema, so nobody has a lock.
    if (turn?.is_ours !== false) return
    if (Date.now() > deadline) {
      const holder = turn.pid === null ? '' : `, by the server's process ${turn.pid}`
      throw new MigratedElsewhere(`Another process of intake is migrating the database${holder}.`)
    }
    await sleep(LOOK_AGAIN_MS)
  }
}

/**
 * A lock of two keys has them in `classid` and `objid`, without a sign, and 2 in `objsubid` (PostgreSQL,
 * 54.12 pg_locks).
 */
const TURN = `
  with keys as (select hashtext('intake migrations') as ours, hashtext(current_schema()) as of_schema)
  select pg_try_advisory_lock(ours, of_schema) as is_ours,
         (select pid from pg_locks
          where locktype = 'advisory' and granted and objsubid = 2
            and database = (select oid from pg_database where datname = current_database())
            and classid::bigint = ours::bigint & 4294967295 and objid::bigint = of_schema::bigint & 4294967295
          limit 1) as pid
  from keys`
