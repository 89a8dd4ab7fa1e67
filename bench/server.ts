import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { databaseOf } from './database.js'
import { requireDurability } from './durability.js'
import { withTempFolder } from './temp-folder.js'

/** A running `intake serve`. */
export interface ServiceProcess {
  /** Where HTTP listens: `http://127.0.0.1:41234`. */
  readonly url: string
  readonly apiKey: string
  /** The Node process: API and worker. */
  readonly pid: number
  readonly dataDir: string
  /** From the start of the process until it has said that it listens. */
  readonly startSeconds: number
}

/** One with an embedded database of its own. */
export interface Server extends ServiceProcess {
  /** The first process of its PostgreSQL, whose children are the others. */
  readonly postgresPid: number
}

/** Settings of the service (contract 1). */
export type Settings = Readonly<Record<string, string>>

const START_MS = 60_000
const STOP_MS = 60_000

/** The start of what a server prints once it can be asked (contract 1). */
const LISTENING = 'listening on '

/** How much of a server's last output on stderr to keep for an error message, in characters. */
const KEPT_STDERR = 4000

/**
 * Starts a server in an empty data directory, gives it to `use`, stops it, and removes the directory, even if
 * `use` throws.
 *
 * @throws what `use` throws; and an Error with the server's last output if it does not start, ends by itself,
 * or does not stop cleanly, and one if its database may lose what it has committed.
 */
export async function withFreshServer<T>(use: (server: Server) => Promise<T>): Promise<T> {
  return withTempFolder((folder) => withServer(join(folder, 'data'), use))
}

/**
 * The same in a data directory that is kept: created if it does not exist, and otherwise used as it is.
 *
 * @throws as `withFreshServer` does.
 */
export const withServer = <T>(dataDir: string, use: (server: Server) => Promise<T>): Promise<T> =>
  withProcess(dataDir, {}, async (started) =>
    use({ ...started, postgresPid: await embeddedPostgresPid(dataDir) }),
  )

/**
 * The same with further settings: a database of its own, say.
 *
 * @throws as `withFreshServer` does.
 */
export async function withProcess<T>(
  dataDir: string,
  settings: Settings,
  use: (started: ServiceProcess) => Promise<T>,
): Promise<T> {
  const spawned = spawnServer(dataDir, settings)
  try {
    const started = await ready(spawned, dataDir)
    const { DATABASE_URL: connectionString } = settings
    await requireDurability(connectionString ? { connectionString } : await databaseOf(dataDir))
    return await use(started)
  } finally {
    await stop(spawned, dataDir)
  }
}

interface Spawned {
  readonly child: ChildProcess
  /** Resolves when the process has ended or could not be started. */
  readonly ended: Promise<void>
  /** When it was started, as `performance.now()` has it, and when it said that it listens. */
  readonly startedAt: number
  listeningAt?: number
  stdout: string
  stderr: string
  /** Whether it has reported that it is ready. */
  wasReady: boolean
}

function spawnServer(dataDir: string, settings: Settings): Spawned {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [...startFlags(), join(projectFolder(), 'dist', 'cli.js'), 'serve'], {
    // Not our own environment: its settings (contract 1) must not change what is measured.
    env: {
      PATH: process.env.PATH,
      TMPDIR: process.env.TMPDIR,
      DATA_DIR: dataDir,
      HOST: '127.0.0.1',
      PORT: '0',
      LOG_LEVEL: 'warn',
      ...settings,
    },
    // Ctrl-C in a terminal reaches our whole process group. We stop the server ourselves, once, when we are
    // ready.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', (error) => {
      spawned.stderr += error.message
      resolve()
    })
  })
  const spawned: Spawned = { child, ended, startedAt, stdout: '', stderr: '', wasReady: false }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    spawned.stdout += text
    if (spawned.stdout.startsWith(LISTENING)) spawned.listeningAt ??= performance.now()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    spawned.stderr = (spawned.stderr + text).slice(-KEPT_STDERR)
  })
  return spawned
}

/** What `npm start` gives Node beside the program. */
function startFlags(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(projectFolder(), 'package.json'), 'utf8'))
  return String(scripts.start).match(/--\S+(?=.* dist\/cli\.js)/g) ?? []
}

/** The folder of package.json: this file runs from its own place under vitest, and from build/ otherwise. */
export function projectFolder(): string {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder)
  return folder
}

/**
 * Waits until the server has printed where it listens (contract 1). A start is never interrupted: see `stop`.
 */
async function ready(spawned: Spawned, dataDir: string): Promise<ServiceProcess> {
  const deadline = Date.now() + START_MS
  while (Date.now() < deadline && isRunning(spawned)) {
    const [, url, apiKey] = /^listening on (\S+)\nAPI key: (\S+)\n/m.exec(spawned.stdout) ?? []
    const { listeningAt, startedAt, child } = spawned
    if (url && apiKey && child.pid && listeningAt) {
      spawned.wasReady = true
      return { url, apiKey, pid: child.pid, dataDir, startSeconds: (listeningAt - startedAt) / 1000 }
    }
    await Promise.race([sleep(10), spawned.ended])
  }
  const outcome = isRunning(spawned) ? `is not ready after ${START_MS / 1000} s` : howItEnded(spawned)
  throw new Error(`The server ${outcome}.${lastWords(spawned)}`)
}

const isRunning = ({ child: { pid, exitCode, signalCode } }: Spawned): boolean =>
  pid !== undefined && exitCode === null && signalCode === null

const howItEnded = ({ child: { exitCode, signalCode } }: Spawned): string =>
  `ended with ${signalCode ?? `exit code ${exitCode}`}`

const lastWords = ({ stderr }: Spawned): string => (stderr === '' ? '' : ` It said:\n${stderr.trim()}`)

/**
 * Only a server that has started knows how to stop its database, so this is not called before it has or has
 * failed.
 */
async function stop(spawned: Spawned, dataDir: string): Promise<void> {
  spawned.child.kill('SIGTERM')
  await within(STOP_MS, spawned.ended)
  if (isRunning(spawned)) spawned.child.kill('SIGKILL')
  await spawned.ended
  await killLeftPostgres(dataDir)
  if (spawned.wasReady && spawned.child.exitCode !== 0) {
    throw new Error(`The server ${howItEnded(spawned)}.${lastWords(spawned)}`)
  }
}

/** Waits for a promise, but no longer than `ms`. */
async function within(milliseconds: number, promise: Promise<void>): Promise<void> {
  const settled = new AbortController()
  const timeout = sleep(milliseconds, undefined, { signal: settled.signal }).catch(() => {})
  await Promise.race([promise, timeout])
  settled.abort()
}

/**
 * Ends the PostgreSQL that a dead server has left running. A server that was stopped has removed the file
 * that names it.
 */
async function killLeftPostgres(dataDir: string): Promise<void> {
  const pid = await embeddedPostgresPid(dataDir).catch(() => undefined)
  if (pid === undefined) return
  try {
    // "Immediate shutdown": what is in the database will be removed in a moment.
    process.kill(pid, 'SIGQUIT')
  } catch {
    // It has ended too.
    return
  }
  const deadline = Date.now() + 5000
  while (existsSync(pidFile(dataDir)) && Date.now() < deadline) await sleep(20)
}

const pidFile = (dataDir: string): string => join(dataDir, 'postgres', 'postmaster.pid')

const embeddedPostgresPid = async (dataDir: string): Promise<number> =>
  Number.parseInt(await readFile(pidFile(dataDir), 'utf8'), 10)
