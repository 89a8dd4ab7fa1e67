import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { openDataDir } from '../../src/data-dir/data-dir.js'
import { startEmbeddedPostgres } from '../../src/data-dir/postgres/embedded.js'
import { clusterOf, createTemplate } from './cluster.js'
import { createPlainTemplate, type TestCluster } from './databases.js'
import { cli, type SharedService } from './service.js'

declare module 'vitest' {
  interface ProvidedContext {
    /**
     * A server on which every test file creates its own database. Its path is replaced by the database's
     * name.
     */
    serverUrl: string
    /** The same server, without the pooler that may be in front of it. */
    directUrl: string
    /** The name of a database of that server with the tables of a service. */
    template: string
    /** Undefined: every file starts a service of its own. */
    sharedService: SharedService | undefined
    /** Undefined: the server is a plain PostgreSQL. */
    cluster: TestCluster | undefined
  }
}

/**
 * One embedded PostgreSQL for the whole run, so that a test file waits for a database and not for a server.
 * Tests of the embedded server itself start their own. TEST_DATABASE_URL names another server to run against,
 * or a pooler, and then TEST_SERVER_URL the server behind it. TEST_CITUS names a cluster: see `clusterOf`.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  project.provide('sharedService', undefined)
  if (!existsSync(cli)) throw new Error('The tests run the built service: run `npm run build` first.')
  project.provide('cluster', undefined)
  const nodes = clusterOf(process.env.TEST_CITUS)
  if (nodes) {
    const template = await createTemplate(nodes, cli)
    project.provide('serverUrl', nodes[0])
    project.provide('directUrl', nodes[0])
    project.provide('template', template.name)
    project.provide('cluster', { nodes, template: template.name })
    return () => template.drop()
  }
  const given = process.env.TEST_DATABASE_URL
  if (given) {
    const directUrl = process.env.TEST_SERVER_URL ?? given
    const template = await createPlainTemplate(directUrl)
    project.provide('serverUrl', given)
    project.provide('directUrl', directUrl)
    project.provide('template', template.name)
    return () => template.drop()
  }
  const folder = await mkdtemp(join(tmpdir(), 'intake-test-'))
  const dataDir = await openDataDir(join(folder, 'data'))
  const postgres = await startEmbeddedPostgres(dataDir.path)
  const { connection } = postgres
  if (!('host' in connection)) throw new Error('the embedded server is reached by its socket')
  const serverUrl = `postgresql://postgres@localhost/postgres?host=${encodeURIComponent(connection.host)}`
  project.provide('serverUrl', serverUrl)
  project.provide('directUrl', serverUrl)
  project.provide('template', (await createPlainTemplate(serverUrl)).name)
  return async () => {
    await postgres.stop()
    await dataDir.release()
    await rm(folder, { recursive: true, force: true })
  }
}
