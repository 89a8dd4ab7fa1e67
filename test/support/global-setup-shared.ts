import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import setUp from './global-setup.js'
import { createDatabase, serve, temporaryFolder } from './service.js'

/** What every file has, and one service that the files share. */
export default async function setUpShared(project: TestProject): Promise<() => Promise<void>> {
  const tearDown = await setUp(project)
  const folder = await temporaryFolder()
  const { databaseUrl, drop } = await createDatabase(project.getProvidedContext())
  const dataDir = join(folder.path, 'data')
  const server = await serve({ DATA_DIR: dataDir, DATABASE_URL: databaseUrl })
  const { url, apiKey, consoleUrl } = server
  project.provide('sharedService', { url, apiKey, consoleUrl, dataDir, databaseUrl })
  return async () => {
    await server.stop()
    await drop()
    await folder.remove()
    await tearDown()
  }
}
