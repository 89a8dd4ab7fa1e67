import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Address } from './client.js'
import { projectFolder } from './server.js'

/** Where `npm ci` has to be run to have Directus. */
const place = () => join(projectFolder(), 'bench', 'peers', 'directus')

/** Its command without the question to the registry whether there is a newer one. */
const command = () => join(place(), 'node_modules', '@directus', 'api', 'dist', 'cli', 'run.js')

export const hasDirectus: boolean = existsSync(command())

const START_MS = 120_000
const STOP_MS = 20_000

/** How much of its last output to keep for an error message, in characters. */
const KEPT_OUTPUT = 4000

const TOKEN = 'the-token-of-the-benchmark'

/**
 * Installs Directus into an empty database, starts it, gives it to `use`, and stops it.
 *
 * @param host the directory of the database server's socket
 * @param folder for its files
 * @throws what `use` throws; an Error with its last output if it does not start
 */
export async function withDirectus<T>(
  { host, user, database }: { readonly host: string; readonly user: string; readonly database: string },
  folder: string,
  use: (directus: Address) => Promise<T>,
): Promise<T> {
  const [files, extensions] = [join(folder, 'files'), join(folder, 'extensions')]
  await mkdir(files)
  await mkdir(extensions)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const options = {
    cwd: place(),
    // Not our own environment: its settings must not change what is measured.
    env: {
      PATH: process.env.PATH,
      TMPDIR: process.env.TMPDIR,
      NODE_ENV: 'production',
      DB_CLIENT: 'pg',
      DB_HOST: host,
      DB_PORT: '5432',
      DB_USER: user,
      DB_PASSWORD: '',
      DB_DATABASE: database,
      SECRET: 'a-secret-of-thirty-two-characters',
      ADMIN_EMAIL: 'admin@example.com',
      ADMIN_PASSWORD: 'benchmark',
      ADMIN_TOKEN: TOKEN,
      HOST: '127.0.0.1',
      PORT: String(port),
      PUBLIC_URL: url,
      TELEMETRY: 'false',
      SERVE_APP: 'false',
      STORAGE_LOCATIONS: 'local',
      STORAGE_LOCAL_ROOT: files,
      EXTENSIONS_PATH: extensions,
      LOG_LEVEL: 'warn',
    },
  }
  await promisify(execFile)(process.execPath, [command(), 'bootstrap'], options)
  // Detached: Ctrl-C in a terminal reaches our whole process group, and the database has to stop after it.
  const child = spawn(process.execPath, [command(), 'start'], { ...options, detached: true, stdio: 'pipe' })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  try {
    await ready(child, url)
    return await use({ url, apiKey: TOKEN })
  } finally {
    await stop(child)
    process.off('exit', kill)
  }
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  let said = ''
  for (const output of [child.stdout, child.stderr])
    output?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-KEPT_OUTPUT)
    })
  const deadline = Date.now() + START_MS
  while (Date.now() < deadline && isRunning(child)) {
    const response = await fetch(`${url}/server/ping`).catch(() => undefined)
    if (response?.ok) return
    await sleep(50)
  }
  throw new Error(`Directus does not answer. It said:\n${said.trim()}`)
}

const isRunning = ({ pid, exitCode, signalCode }: ChildProcess): boolean =>
  pid !== undefined && exitCode === null && signalCode === null

async function stop(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const longest = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await ended
  clearTimeout(longest)
}

/** A port that nobody listens on: Directus does not say which one it has chosen. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
