import { hostname } from 'node:os'
import sql from 'sql-template-tag'
import { type Client, type Pool, rows } from '../../db/pool.js'

/** A process that claims imports. */
export interface WorkingProcess {
  /** The identity of its data directory, and its machine; as long as both are known. */
  readonly name: string
}

/** One lock for each schema of a database, which all working processes share. */
const KEYS = sql`hashtext('intake worker'), hashtext(current_schema())`

/** How PostgreSQL shortens the name of an application, in bytes. */
const MOST_BYTES = 63

/** Shows to others, as long as the session lasts, that this process claims imports. */
export async function announceWorker(client: Client, processId: string): Promise<void> {
  const name = `intake ${processId} ${hostname()}`.slice(0, MOST_BYTES)
  await client.query(sql`select set_config('application_name', ${name}, false)`)
  await client.query(sql`select pg_advisory_lock_shared(${KEYS})`)
}

/**
 * The processes that claim imports at the moment. A lock of two keys has them in `classid` and `objid`, without a
 * sign, and 2 in `objsubid` (PostgreSQL, 54.12 pg_locks).
 */
export async function workingProcesses(db: Pool | Client): Promise<WorkingProcess[]> {
  return await rows<WorkingProcess>(
    db,
    sql`
      with keys as (select hashtext('intake worker') as ours, hashtext(current_schema()) as of_schema)
      select coalesce(substring(a.application_name from '^intake (.+)$'), 'unknown') as name
      from keys join pg_locks l on l.classid::bigint = keys.ours::bigint & 4294967295
          and l.objid::bigint = keys.of_schema::bigint & 4294967295
        left join pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.mode = 'ShareLock'
        and l.database = (select oid from pg_database where datname = current_database())
      order by name`,
  )
}
