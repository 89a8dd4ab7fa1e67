import sql from 'sql-template-tag'
import { type Pool, rows } from '../../db/pool.js'
import { recordTypes } from '../../records/index.js'
import type { Job } from '../queue/claim.js'

/**
 * An import that adds much changes the planner's statistics; the server's own update of them may be a minute
 * away. On a distributed PostgreSQL it is left to the nodes: all of them together took 11 s.
 */
const RENEW_STATISTICS_FROM = 10_000

/**
 * Updates the statistics of the tables that an import has added much to.
 *
 * @param stop ends it after a table: the server's own update does the rest.
 */
export async function renewStatistics(
  pool: Pool,
  { uploaded, dryRun }: Job,
  stop: AbortSignal,
): Promise<void> {
  const grown = recordTypes.filter(({ type }) => (uploaded[type] ?? 0) >= RENEW_STATISTICS_FROM)
  if (dryRun || grown.length === 0 || (await isDistributing(pool))) return
  for (const name of grown.flatMap(({ table, holds }) => [table, ...holds.map((held) => held.table)])) {
    if (stop.aborted) return
    await pool.query(`analyze ${name}`)
  }
}

async function isDistributing(pool: Pool): Promise<boolean> {
  const [found] = await rows<{ has_citus: boolean }>(
    pool,
    sql`select current_setting('citus.version', true) is not null as has_citus`,
  )
  return found?.has_citus ?? false
}
