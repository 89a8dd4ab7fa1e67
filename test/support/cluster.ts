import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import pg from 'pg'
import { databaseSettings } from '../../src/db/distribute/settings.js'

/**
 * The nodes of a Citus cluster that the tests run against, coordinator first: each as the URL of a database for
 * administration, in which Citus does not have to be.
 */
export type Cluster = readonly [coordinator: string, ...workers: string[]]

/**
 * TEST_CITUS: the coordinator's URL and the workers' addresses, such as
 * `postgresql://postgres@127.0.0.1:5432/postgres,127.0.0.1:5433,127.0.0.1:5434`. Undefined: no cluster.
 */
export function clusterOf(given: string | undefined): Cluster | undefined {
  if (!given) return undefined
  const [coordinator = '', ...workers] = given.split(',')
  const urls = workers.map((address) => {
    const url = new URL(coordinator)
    url.host = address
    return url.href
  })
  return [coordinator, ...urls]
}

/** Runs statements on one node, in the database of the URL. */
export async function onNode(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

export const onEveryNode = async (cluster: Cluster, ...statements: readonly string[]): Promise<void> => {
  await Promise.all(cluster.map((url) => onNode(url, ...statements)))
}

/** The URL of another database of the same node. */
export function inDatabase(url: string, name: string): string {
  const other = new URL(url)
  other.pathname = `/${name}`
  return other.href
}

const newName = (): string => `test_${randomUUID().replaceAll('-', '')}`

export interface ClusterDatabase {
  readonly name: string
  /** At the coordinator. */
  readonly databaseUrl: string
  /** The same database at the workers. */
  readonly workerUrls: readonly string[]
  drop(): Promise<void>
}

const databaseNamed = (cluster: Cluster, name: string): ClusterDatabase => {
  const [databaseUrl = '', ...workerUrls] = cluster.map((url) => inDatabase(url, name))
  return {
    name,
    databaseUrl,
    workerUrls,
    drop: () => onEveryNode(cluster, `drop database ${name} with (force)`),
  }
}

/** A new database on all nodes that know one another, with no tables. */
export async function createClusterDatabase(cluster: Cluster): Promise<ClusterDatabase> {
  const name = newName()
  const database = databaseNamed(cluster, name)
  await onEveryNode(cluster, `create database ${name}`)
  const { databaseUrl, workerUrls } = database
  await Promise.all([databaseUrl, ...workerUrls].map((url) => onNode(url, 'create extension citus')))
  const nodes = cluster
    .map((url) => new URL(url))
    .map(({ hostname, port }) => `'${hostname}', ${port || 5432}`)
  const [coordinator = '', ...workers] = nodes
  await onNode(
    databaseUrl,
    `select citus_set_coordinator_host(${coordinator})`,
    ...workers.map((worker) => `select citus_add_node(${worker})`),
  )
  return database
}

/** Fewer than by default, so that a copy is quick. */
const SHARDS = 8

/**
 * A database that is distributed and without rows, of which each test has a copy: that takes less than a second,
 * and distributing one takes several.
 *
 * @param cli the program that distributes it
 */
export async function createTemplate(cluster: Cluster, cli: string): Promise<ClusterDatabase> {
  const template = await createClusterDatabase(cluster)
  const { name, databaseUrl } = template
  try {
    await promisify(execFile)(process.execPath, [cli, 'db', 'distribute', '--shards', String(SHARDS)], {
      env: { ...process.env, DATABASE_URL: databaseUrl },
    })
    // The default store is created by each service.
    await onNode(databaseUrl, 'delete from owners')
    // Nobody may use a database that is being copied, and Citus has a process in each.
    await onEveryNode(
      cluster,
      `alter database ${name} with allow_connections false`,
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
    )
  } catch (error) {
    await template.drop()
    throw error
  }
  return template
}

/** A copy of a template, on all nodes. */
export async function copyTemplate(cluster: Cluster, template: string): Promise<ClusterDatabase> {
  const name = newName()
  // What a database is set to is not copied with it.
  await onEveryNode(cluster, `create database ${name} template ${template}`, ...databaseSettings(name))
  return databaseNamed(cluster, name)
}
