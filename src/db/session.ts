import pg from 'pg'

/** How long the statements of a session may take, in seconds; 0: for ever. */
export interface SessionLimits {
  /** The longest that a statement may run or wait for a lock. */
  readonly statementSeconds?: number
  /** The longest that a statement may wait for one lock. */
  readonly lockSeconds?: number
}

/**
 * What every session of ours is set to, whatever the role, the database, the server or the URL has set before: a role is often
 * shared with programs that want something else. What is only about speed or place (work_mem, default_tablespace, …) stays
 * the operator's.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  // Transactions: rows are claimed, counted and written as READ COMMITTED has it; a stricter level fails some of them.
  default_transaction_isolation: 'read committed',
  default_transaction_read_only: 'off',
  default_transaction_deferrable: 'off',
  // Times: a chunk, a migration and the session that listens take as long as they take. Only a transaction whose process
  // has stopped in the middle of it is given up, for others wait for what it holds.
  idle_session_timeout: '0',
  idle_in_transaction_session_timeout: '30s',
  // Texts: as `pg` writes them, and as `types` in pool.ts reads them.
  client_encoding: 'UTF8',
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  intervalstyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  array_nulls: 'on',
  transform_null_equals: 'off',
  // Two ways of reading a table are left out, which the planner takes for cheap before a table that has just been filled has
  // statistics, or because it cannot know how few rows a look-up finds: sorting all of an owner's rows for a page that
  // an index has in order already (1.2 s in place of 4 ms with a million rows), and starting parallel workers to find a
  // single row (8 ms in place of 0.05).
  enable_bitmapscan: 'off',
  max_parallel_workers_per_gather: '0',
}

/**
 * A transaction's time limit is there from PostgreSQL 17 on. A commit that does not wait for the disk would make a 201 a promise
 * that a crash breaks; which of the levels that do wait is the operator's to choose. And the schema is the one
 * that the session's own search_path leads to, unless it is known.
 */
const CONDITIONAL = `
  select set_config('transaction_timeout', '0', false) where current_setting('transaction_timeout', true) is not null;
  select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off';
  select set_config('search_path', quote_ident(current_schema()), false) where current_schema() is not null`

/**
 * Sets a new connection up for us: by statements, since a pooler such as PgBouncer refuses most parameters of a start.
 *
 * @param schema of the tables, if that is decided already; else the first one that the session's search_path leads to.
 */
export async function prepareSession(
  client: pg.ClientBase,
  schema?: string,
  { statementSeconds = 0, lockSeconds = 0 }: SessionLimits = {},
): Promise<void> {
  const settings: Record<string, string> = {
    // First of all, for it holds for what follows.
    statement_timeout: `${statementSeconds}s`,
    lock_timeout: `${lockSeconds}s`,
    ...SETTINGS,
  }
  const fixed = Object.entries(settings).map(([name, value]) => `set ${name} to ${pg.escapeLiteral(value)}`)
  if (schema !== undefined) fixed.push(`set search_path to ${pg.escapeIdentifier(schema)}`)
  // Apart, for they read: the transaction of `fixed` has the role's isolation level still, and one that is read only,
  // serializable and deferrable waits before it reads.
  await Promise.all([client.query(fixed.join(';')), client.query(CONDITIONAL)])
}
