import pg from 'pg'
import sql from 'sql-template-tag'
import { type Client, rows } from '../pool.js'
import { NODE_SETTINGS } from '../session.js'
import { type OnNode, onAllNodes } from './citus.js'

/** A setting that a node of a cluster has, and another one that it needs. */
export interface WrongSetting {
  readonly node: string
  readonly name: string
  readonly value: string
  /** In words: `on`, `at least 200`. */
  readonly needed: string
}

/** What every node's server must be configured with: numbers are the least, texts the value. */
const SERVER: Readonly<Record<string, number | string>> = {
  // Every transaction that writes on several nodes is prepared on each of them.
  max_prepared_transactions: 200,
  // Shards are moved by logical replication, a group of tables at once; with too few workers, a move hangs.
  wal_level: 'logical',
  max_worker_processes: 64,
  // A crash of a node must not lose what was committed, and answered.
  fsync: 'on',
  full_page_writes: 'on',
}

/** The settings of the nodes' servers that are wrong: in postgresql.conf, effective after a restart. */
export async function wrongServerSettings(client: Client): Promise<WrongSetting[]> {
  const found = await settingsOf(client, Object.keys(SERVER))
  return found.flatMap(({ node, name, value }) => {
    const needed = SERVER[name] ?? ''
    const isRight = typeof needed === 'number' ? Number(value) >= needed : value === needed
    return isRight
      ? []
      : [{ node, name, value, needed: typeof needed === 'number' ? `at least ${needed}` : needed }]
  })
}

/** The settings that sessions of the database have on the nodes and that differ from ours. */
export async function wrongDatabaseSettings(client: Client): Promise<WrongSetting[]> {
  const found = await settingsOf(client, Object.keys(NODE_SETTINGS))
  return found.flatMap(({ node, name, value }) => {
    const needed = NODE_SETTINGS[name] ?? ''
    return value === needed ? [] : [{ node, name, value, needed }]
  })
}

/** The statements that give the sessions of a database these settings. Citus runs them on all nodes. */
export const databaseSettings = (database: string): string[] =>
  Object.entries(NODE_SETTINGS).map(
    ([name, value]) =>
      `alter database ${pg.escapeIdentifier(database)} set ${name} to ${pg.escapeLiteral(value)}`,
  )

interface Setting {
  readonly node: string
  readonly name: string
  readonly value: string
}

async function settingsOf(client: Client, names: readonly string[]): Promise<Setting[]> {
  const list = names.map((name) => pg.escapeLiteral(name)).join(', ')
  const answers = await onAllNodes(
    client,
    // What sessions begin with: ours has set some since.
    `select json_object_agg(lower(name), reset_val) from pg_settings where lower(name) in (${list})`,
  )
  return answers.filter(({ isDone }) => isDone).flatMap((answer) => settingsIn(answer))
}

const settingsIn = ({ node, value }: OnNode): Setting[] =>
  Object.entries(JSON.parse(value) as Record<string, string>).map(([name, setting]) => ({
    node,
    name,
    value: setting,
  }))

/** Whether the session's role may change the database's settings, and what the database is called. */
export async function databaseOf(client: Client): Promise<{ name: string; is_ours: boolean }> {
  const [found] = await rows<{ name: string; is_ours: boolean }>(
    client,
    sql`select datname as name, pg_has_role(datdba, 'usage') as is_ours from pg_database where datname = current_database()`,
  )
  if (!found) throw new Error('the session has no database')
  return found
}
