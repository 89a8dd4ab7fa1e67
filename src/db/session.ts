import pg from 'pg'

/** How long the statements of a session may take, in seconds; 0: no limit. */
export interface SessionLimits {
  /** The longest that a statement may run or wait for a lock. */
  readonly statementSeconds?: number
  /** The longest that a statement may wait for one lock. */
  readonly lockSeconds?: number
}

/**
 * The settings of our sessions that decide what statements compute and how they are planned. On a distributed
 * PostgreSQL the database has them too: the sessions of its workers are not ours (`distribute/settings.ts`).
 */
export const NODE_SETTINGS: Readonly<Record<string, string>> = {
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  // Two ways of reading a table are disabled, which the planner considers cheap as long as a newly filled
  // table has no statistics, or because it cannot know how few rows a look-up finds: sorting all of an
  // owner's rows for a page that an index already has in order (1.2 s instead of 4 ms with a million rows),
  // and starting parallel workers to find a single row (8 ms instead of 0.05).
  enable_bitmapscan: 'off',
  max_parallel_workers_per_gather: '0',
}

/**
 * The settings of all our sessions, whatever the role, the database, the server or the URL has set: a role is
 * often shared with programs that want something else. Settings for speed or placement (work_mem,
 * default_tablespace, …) are left to the operator.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  // Transactions: rows are claimed, counted and written under READ COMMITTED; a stricter level would make
  // some of that fail.
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  // Times: a chunk, a migration and the session that listens take as long as they take. Only a transaction
  // whose process has stopped in the middle of it is given up, since others wait for its locks.
  idle_session_timeout: '0',
  idle_in_transaction_session_timeout: '30s',
  // Texts: as `pg` writes them, and as `types` in pool.ts reads them.
  client_encoding: 'UTF8',
  ...NODE_SETTINGS,
  // On a distributed PostgreSQL, what a transaction sets for itself reaches the nodes where its statements run.
  // Elsewhere nobody reads this.
  'citus.propagate_set_commands': 'local',
}

/**
 * PostgreSQL has a time limit for transactions from version 17. If a commit did not wait for the disk, a
 * crash could break the promise of a 201; the operator may choose among the levels that do wait. And the
 * schema is the first one of the session's own search_path, unless it is known.
 */
const CONDITIONAL = `
  select set_config('transaction_timeout', '0', false) where current_setting('transaction_timeout', true) is not null;
  select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';
  select set_config('search_path', quote_ident(current_schema()), false) where current_schema() is not null`

/**
 * Prepares a new connection, by statements, since a pooler such as PgBouncer refuses most parameters of a
 * start.
 *
 * @param schema of the tables, if it is already decided; else the first one of the session's search_path.
 */
export async function prepareSession(
  client: pg.ClientBase,
  schema?: string,
  { statementSeconds = 0, lockSeconds = 0 }: SessionLimits = {},
): Promise<void> {
  const settings: Record<string, string> = {
    // First, since it applies to what follows.
    statement_timeout: `${statementSeconds}s`,
    lock_timeout: `${lockSeconds}s`,
    ...SETTINGS,
  }
  const fixed = Object.entries(settings).map(([name, value]) => `set ${name} to ${pg.escapeLiteral(value)}`)
  if (schema !== undefined) fixed.push(`set search_path to ${pg.escapeIdentifier(schema)}`)
  // Separate, since they read: the transaction of `fixed` still has the role's isolation level, and one that
  // is read-only, serializable and deferrable waits before it reads.
  await Promise.all([client.query(fixed.join(';')), client.query(CONDITIONAL)])
}
