import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { Api } from './api.js'
import {
  type ServeProcess,
  serve,
  serveWorker,
  standIn,
  startTestService,
  type TestService,
} from './service.js'
import { UploadsBucket } from './uploads-bucket.js'

type Environment = Readonly<Record<string, string>>

/** A service whose uploads are in a bucket, and other processes of it. */
export interface OverS3 {
  readonly service: TestService
  readonly uploads: UploadsBucket
  /** Starts a further process on the same database and bucket. It is stopped after the last test. */
  another(environment?: Environment): Promise<ServeProcess>
  /** The same, of one that leaves requests to others. */
  anotherWorker(): Promise<ServeProcess>
}

const API_KEY = 'intake_test_key_of_several_processes'

/** A service over S3 for the tests of a file, or of a `describe`. */
export function overS3(environment: Environment = {}): OverS3 {
  let uploads: UploadsBucket | undefined
  let service: TestService | undefined
  const others: ServeProcess[] = []
  beforeAll(async () => {
    uploads = await UploadsBucket.start()
    service = await startTestService({ ...uploads.environment, API_KEY, ...environment })
  })
  afterAll(async () => {
    await uploads?.network.be('open')
    for (const other of others) if (other.process.exitCode === null) await other.stop()
    await service?.stop()
    await uploads?.end()
  })
  const start = async (how: (settings: Environment) => Promise<ServeProcess>, changed: Environment = {}) => {
    if (!service || !uploads) throw new Error('The hooks have not run.')
    const other = await how({
      DATA_DIR: join(service.dataDir, `../another-${randomUUID()}`),
      DATABASE_URL: service.databaseUrl,
      ...uploads.environment,
      API_KEY,
      ...environment,
      ...changed,
    })
    others.push(other)
    return other
  }
  return {
    service: standIn(() => service),
    uploads: standIn(() => uploads),
    another: (changed) => start(serve, changed),
    anotherWorker: () => start(serveWorker),
  }
}

/** The API of a process, as the default store sees it. */
export const apiOf = ({ url, apiKey }: ServeProcess): Api => new Api(url, apiKey)
