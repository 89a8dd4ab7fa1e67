import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The Python that has OpenStack Swift, the S3 server of the tests: SWIFT, or else that of Debian's package
 * python3-swift. Undefined: there is none, and the tests over S3 are skipped; continuous integration installs
 * it and sets SWIFT.
 */
const python =
  process.env.SWIFT ??
  (existsSync('/usr/lib/python3/dist-packages/swift/proxy') ? '/usr/bin/python3' : undefined)

export const hasSwift = python !== undefined

const ACCOUNT = 'test:tester'
const SECRET = 'testing'

/** A running S3 server, with its data in a temporary folder. */
export interface Swift {
  /** The address of its S3 API; it stays the same. */
  readonly endpoint: string
  /** What the AWS SDK takes from its environment in order to reach it. */
  readonly env: Readonly<Record<string, string>>
  /** Creates a bucket. */
  bucket(name?: string): Promise<Bucket>
  /** kill -9. What was stored stays. */
  kill(): Promise<void>
  /** Starts it again, at the same address, after `kill`; its clock is that much later. */
  start(clockAheadMs?: number): Promise<void>
  /** Stops all of it from doing anything, as if its machine hung, until `resume`. */
  pause(): void
  resume(): void
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/** What a bucket has, read from Swift itself and not by its S3 API. */
export interface Bucket {
  readonly name: string
  /** `s3://name` */
  readonly url: string
  /** The keys of its objects, sorted. */
  objects(): Promise<string[]>
  /** The keys of multipart uploads that are neither completed nor aborted. */
  unfinished(): Promise<string[]>
  /** The keys of objects that have parts left, be they complete, unfinished or gone. */
  parts(): Promise<string[]>
  /** Removes everything. */
  clear(): Promise<void>
}

const SCRIPT = fileURLToPath(new URL('swift-server.py', import.meta.url))

/**
 * Starts Swift, which takes about 3 s.
 *
 * @param script the program that runs it, unless it is beside this file
 */
export async function startSwift(script = SCRIPT): Promise<Swift> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-test-swift-'))
  let server = await startServer(script, folder, 0).catch(async (error) => {
    await rm(folder, { recursive: true, force: true })
    throw error
  })
  const endpoint = `http://127.0.0.1:${server.port}`

  return {
    endpoint,
    env: {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: ACCOUNT,
      AWS_SECRET_ACCESS_KEY: SECRET,
    },
    bucket: (name = `bucket-${randomUUID()}`) => createBucket(endpoint, name),
    kill: () => end(server, () => server.process.kill('SIGKILL')),
    async start(clockAheadMs = 0) {
      server = await startServer(script, folder, server.port, clockAheadMs)
    },
    pause: () => void server.process.kill('SIGSTOP'),
    resume: () => void server.process.kill('SIGCONT'),
    async stop() {
      server.process.kill('SIGCONT')
      await end(server, () => server.process.stdin?.destroy())
      await rm(folder, { recursive: true, force: true })
    },
  }
}

interface Server {
  readonly process: ChildProcess
  readonly port: number
  readonly ended: Promise<unknown>
}

async function startServer(script: string, folder: string, port: number, clockAheadMs = 0): Promise<Server> {
  if (python === undefined) throw new Error('There is no OpenStack Swift.')
  const child = spawn(python, ['-B', script, folder, String(port)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, CLOCK_AHEAD: String(clockAheadMs / 1000) },
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-10_000)
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const listening = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const [, found] = /^listening on (\d+)$/m.exec(text) ?? []
      if (found) resolve(Number(found))
    })
    ended.then(() => reject(new Error(`Swift did not start:\n${said}`)))
  })
  return { process: child, port: listening, ended }
}

async function end(server: Server, how: () => void): Promise<void> {
  how()
  await server.ended
}

async function createBucket(endpoint: string, name: string): Promise<Bucket> {
  const ask = async (method: string, path: string) => {
    const token = await fetch(`${endpoint}/auth/v1.0`, {
      headers: { 'x-storage-user': ACCOUNT, 'x-storage-pass': SECRET },
    })
    await token.text()
    const response = await fetch(`${endpoint}/v1/AUTH_test/${path}`, {
      method,
      headers: { 'x-auth-token': token.headers.get('x-auth-token') ?? '' },
    })
    const text = await response.text()
    if (response.ok) return text
    if (response.status === 404) return ''
    throw new Error(`Swift answers ${response.status} to ${method} ${path}: ${text}`)
  }
  const names = async (container: string) => (await ask('GET', container)).split('\n').filter(Boolean)
  // The S3 API keeps parts, and a mark for each open upload, in a second bucket: `key/upload/1` and `key/upload`.
  const segments = `${name}%2Bsegments`
  const marks = () => names(segments)
  const isPart = (path: string) => /\/\d+$/.test(path)
  const keysOf = (paths: readonly string[], levels: number) => [
    ...new Set(paths.map((path) => path.split('/').slice(0, -levels).join('/'))),
  ]
  await ask('PUT', name)
  return {
    name,
    url: `s3://${name}`,
    objects: () => names(name),
    unfinished: async () =>
      keysOf(
        (await marks()).filter((path) => !isPart(path)),
        1,
      ),
    parts: async () => keysOf((await marks()).filter(isPart), 2),
    async clear() {
      for (const container of [name, segments]) {
        for (const path of await names(container)) await ask('DELETE', `${container}/${path}`)
      }
    },
  }
}
