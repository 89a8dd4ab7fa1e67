import type { Client } from '../../db/pool.js'

/**
 * The longest that a statement of a job waits for one lock. A chunk that waits for its turn holds locks on what
 * it has written. If an API writer waits for them, and the chunk whose turn it is waits for that writer,
 * PostgreSQL does not see the deadlock. So the wait ends after this time, and the job resumes from its checkpoint.
 */
export const LOCK_SECONDS = 5

/** The same within a transaction: only so it reaches the nodes of a distributed PostgreSQL. */
export const limitLocks = (client: Client): Promise<unknown> =>
  client.query(`set local lock_timeout to '${LOCK_SECONDS}s'`)
