import type pg from 'pg'
import { inject } from 'vitest'
import type { Pool } from '../../src/db/pool.js'

/** How many sessions of the database fulfill a condition on `pg_stat_activity`, on all nodes of a cluster. */
export async function sessions(pool: Pool, condition: string): Promise<number> {
  const count = `select count(*)::integer from pg_stat_activity where datname = current_database() and ${condition}`
  const { rows } = await pool.query(
    inject('cluster')
      ? `select coalesce(sum(result::integer), 0)::integer as count from run_command_on_all_nodes($statement$${count}$statement$)`
      : `select (${count}) as count`,
  )
  return rows[0].count
}

/** How many of its sessions wait for a lock, on whichever node. */
export const waitingForLocks = (pool: Pool): Promise<number> => sessions(pool, "wait_event_type = 'Lock'")

/**
 * How many of its transactions have written records and are open, but not at work: a session each. On a cluster it is
 * one of the node with the records, and Citus ends its transaction with that of the coordinator.
 */
export const waitingInTransaction = (pool: Pool): Promise<number> => {
  const onNode = inject('cluster') ? "application_name like 'citus_internal%' and" : ''
  return sessions(pool, `${onNode} state = 'idle in transaction' and backend_xid is not null`)
}

/** How many sessions wait for the transaction of one, on whichever node. */
export async function waitingFor(pool: Pool, client: pg.ClientBase): Promise<number> {
  const [ownId, waiting] = inject('cluster')
    ? ['citus_backend_gpid()', 'citus_lock_waits where blocking_gpid = $1']
    : ['pg_backend_pid()', 'pg_stat_activity where $1 = any(pg_blocking_pids(pid))']
  const { rows } = await client.query(`select ${ownId} as id`)
  return (await pool.query(`select from ${waiting}`, [rows[0].id])).rowCount ?? 0
}
