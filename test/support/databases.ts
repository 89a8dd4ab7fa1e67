import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { migrate } from '../../src/db/migrate/migrate.js'
import { type Cluster, copyTemplate, inDatabase } from './cluster.js'

/** The cluster of a run. */
export interface TestCluster {
  readonly nodes: Cluster
  /** The name of the database of which each test has a copy. */
  readonly template: string
}

/** Runs a statement on the run's server, outside of every test's database unless `url` names one. */
export async function administer(statement: string, url = inject('directUrl')): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}

/** Where a run's databases are: its server, or its cluster with the template of the distributed ones. */
export interface DatabaseServer {
  readonly serverUrl: string
  /** The name of the database on the server of which each test has a copy. */
  readonly template: string
  readonly cluster: TestCluster | undefined
}

const databaseServer = (): DatabaseServer => ({
  serverUrl: inject('serverUrl'),
  template: inject('template'),
  cluster: inject('cluster'),
})

export interface TestDatabase {
  readonly name: string
  readonly databaseUrl: string
  drop(): Promise<void>
}

/** A new database for a service, which has its tables and nothing in them. On a cluster it is distributed. */
export async function createDatabase(
  { serverUrl, template, cluster }: DatabaseServer = databaseServer(),
): Promise<TestDatabase> {
  return cluster
    ? await copyTemplate(cluster.nodes, cluster.template)
    : await createEmptyDatabase(serverUrl, `template ${template}`)
}

/** A new database without tables, never distributed. */
export async function createEmptyDatabase(
  serverUrl = inject('serverUrl'),
  options = '',
): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await administer(`create database ${name} ${options}`, serverUrl)
  const databaseUrl = inDatabase(serverUrl, name)
  return { name, databaseUrl, drop: () => administer(`drop database ${name} with (force)`, serverUrl) }
}

/**
 * A database with the tables of a service, of which each test has a copy: a service that finds them starts in
 * half the time. Migrations have tests of their own.
 */
export async function createPlainTemplate(serverUrl: string): Promise<TestDatabase> {
  const database = await createEmptyDatabase(serverUrl)
  await migrate({ connectionString: database.databaseUrl })
  // Nobody may use a database that is being copied, and a pooler stays connected.
  await administer(`alter database ${database.name} with allow_connections false`, serverUrl)
  await administer(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database.name}'`,
    serverUrl,
  )
  return database
}
