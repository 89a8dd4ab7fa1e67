import { join } from 'node:path'
import { expect } from 'vitest'
import { Api } from '../support/api.js'
import { aProduct, times } from '../support/builders.js'
import { startIntake } from '../support/cli.js'
import { createEmptyDatabase } from '../support/databases.js'
import { temporaryFolder } from '../support/service.js'
import { startSwift } from '../support/swift.js'

type Environment = Readonly<Record<string, string>>

/** How a container starts a process of intake. */
export interface Container {
  /** `intake serve …` */
  readonly command: readonly string[]
  readonly environment: Environment
}

/** A database and an S3 server in place of those that the files of `deploy/` name. */
export async function startSurroundings() {
  const folder = await temporaryFolder()
  // Without tables, so that processes that start at once meet at its migration.
  const { databaseUrl, drop } = await createEmptyDatabase()
  const swift = await startSwift()
  const { AWS_REGION = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = swift.env
  // What is elsewhere than the files say.
  const elsewhere: Environment = {
    DATABASE_URL: databaseUrl,
    AWS_ENDPOINT_URL_S3: swift.endpoint,
    AWS_REGION,
    AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY,
    HOST: '127.0.0.1',
    PORT: '0',
    API_KEY: 'intake_key_of_the_deployment',
  }
  const stops: (() => Promise<unknown>)[] = [() => folder.remove(), drop, () => swift.stop()]
  let started = 0
  return {
    swift,
    elsewhere,
    /** Starts a container's process as the file says, but for what is elsewhere. @returns its address */
    async start({ command, environment }: Container): Promise<string> {
      const [program, ...args] = command
      expect(program).toBe('intake')
      started += 1
      const running = startIntake(args, {
        ...environment,
        ...elsewhere,
        DATA_DIR: join(folder.path, String(started)),
      })
      stops.push(async () => {
        running.child.kill('SIGTERM')
        expect((await running.ended).code).toBe(0)
      })
      const [, url = ''] = await running.says(/listening on (\S+)\n/)
      return url
    },
    async stop() {
      for (const stop of stops.reverse()) await stop()
    },
  }
}

/** An import that `api` receives is worked by another process, and its rejected lines are readable. */
export async function expectToWorkTogether(api: string, apiKey: string): Promise<void> {
  const caller = new Api(api, apiKey)
  const { id, attributes } = await caller.import(
    times(50, () => aProduct()) + JSON.stringify({ type: 'none' }),
  )
  expect(attributes.status).toBe('success')
  const rejected = await caller.get(`/subscriptions/imports/${id}/rejected`)
  expect([rejected.status, rejected.body]).toEqual([200, expect.stringContaining('none')])
}

/** A probe or a health check answers with this status. */
export async function statusOf(url: string, path: string): Promise<number> {
  const { status, body } = await fetch(new URL(path, url))
  await body?.cancel()
  return status
}
