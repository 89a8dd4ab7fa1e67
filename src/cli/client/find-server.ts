import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../config/config.js'
import { readConfig } from '../../config/read-config.js'
import { readApiKey } from '../../data-dir/api-key.js'
import { layoutOf } from '../../data-dir/layout.js'
import { DataDirInUse, userOf } from '../../data-dir/lock.js'
import { hasCluster } from '../../data-dir/postgres/embedded.js'
import type { Service } from '../../service.js'
import { CommandError } from '../terminal/fail.js'
import { type Address, answers } from './client.js'

/** The server that imports are sent to, until `stop`. */
export interface Server {
  readonly address: Address
  /** Whether this process runs it, so that it ends with this process. */
  readonly isOwn: boolean
  /** Where the API will be once this process is gone. */
  readonly lastingUrl: string
  /** Looks again for the server, which was lost `ms` ago. */
  recover(ms: number): Promise<void>
  /** Stops the server if it is our own. */
  stop(): Promise<void>
}

/** What the command line says about the server. */
export interface ServerFlags {
  readonly url?: string
  readonly apiKey?: string
  readonly dataDir?: string
}

/** How long to wait for a server that is starting or stopping. */
const PATIENCE_MS = 30_000
const LOOK_AGAIN_MS = 200

/** A server that is being restarted is back by then. */
const RESTART_MS = 5000

/**
 * The server at `--url`, or else the one that runs on the data directory, or else one of our own on it.
 *
 * @param agreeToCreate throws unless a missing data directory is to be created
 * @param say tells the person what happens, in a sentence
 * @throws CommandError, ConfigError, and what `startService` throws. Nothing is left running then.
 */
export async function findServer(
  flags: ServerFlags,
  agreeToCreate: (folder: string) => Promise<void>,
  say: (sentence: string) => void,
  signal: AbortSignal,
): Promise<Server> {
  if (flags.url !== undefined) return remoteServer(flags.url, flags.apiKey)
  const server = new LocalServer(flags, say)
  const missing = await server.missingDatabase()
  if (missing !== undefined) await agreeToCreate(missing)
  try {
    await server.find(signal)
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

function remoteServer(given: string, flagKey: string | undefined): Server {
  const url = baseUrl(given)
  const key = givenKey(flagKey)
  if (!key)
    throw new CommandError('With --url, give the API key too: --api-key, or API_KEY in the environment.')
  return {
    address: { url, ...key },
    isOwn: false,
    lastingUrl: url,
    recover: async () => {},
    stop: async () => {},
  }
}

function baseUrl(given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new CommandError(`--url takes an address such as https://intake.example.com; it is "${given}".`)
  }
  return url.origin + url.pathname.replace(/\/+$/, '')
}

function givenKey(flagKey: string | undefined) {
  if (flagKey !== undefined) return { apiKey: visible('--api-key', flagKey), keySource: '--api-key' }
  const variable = process.env.API_KEY
  return variable ? { apiKey: visible('API_KEY', variable), keySource: 'API_KEY' } : undefined
}

/** A header cannot hold other characters (contract 2). */
function visible(source: string, key: string): string {
  if (!/^[\x21-\x7e]+$/.test(key)) throw new CommandError(`${source} takes visible ASCII characters.`)
  return key
}

/** The server of a data directory: somebody else's if there is one, else our own. */
class LocalServer implements Server {
  readonly #config: Config
  readonly #lasting: Config
  readonly #given: { apiKey: string; keySource: string } | undefined
  readonly #say: (sentence: string) => void
  #address: Address | undefined
  #own: Service | undefined

  constructor({ dataDir, apiKey }: ServerFlags, say: (sentence: string) => void) {
    const place = dataDir === undefined ? {} : { dataDir }
    this.#lasting = readConfig(place, process.env)
    this.#config = readConfig(
      // A server of its own takes requests and runs imports, whatever the service leaves to other processes.
      { ...place, host: '127.0.0.1', port: '0', apiOnly: 'false', workerOnly: 'false' },
      // Only errors, as its log is on the same terminal as the progress.
      { ...process.env, LOG_LEVEL: process.env.LOG_LEVEL || 'error' },
    )
    this.#given = givenKey(apiKey)
    this.#say = say
  }

  get address(): Address {
    if (!this.#address) throw new Error('the server was not found yet')
    return this.#address
  }

  get isOwn(): boolean {
    return this.#own !== undefined
  }

  get lastingUrl(): string {
    const { host, port } = this.#lasting
    return this.isOwn ? `http://${host.includes(':') ? `[${host}]` : host}:${port}` : this.address.url
  }

  /** The data directory, if there is no database in it yet and no service runs on it. */
  async missingDatabase(): Promise<string | undefined> {
    const { dataDir, databaseUrl } = this.#config
    if (databaseUrl !== undefined || hasCluster(dataDir)) return undefined
    // A service may have its database elsewhere.
    const isUsed = existsSync(dataDir) && (await userOf(dataDir)) !== undefined
    return isUsed ? undefined : dataDir
  }

  /** Returns once there is a server that answers. */
  async find(signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS
    for (;;) {
      await this.#look()
      signal.throwIfAborted()
      if (this.#address && (this.isOwn || (await answers(this.#address.url)))) return
      if (Date.now() > deadline) {
        throw new CommandError(
          `Another instance uses the data directory ${this.#config.dataDir}, but its API does not answer.`,
        )
      }
      await sleep(LOOK_AGAIN_MS, undefined, { signal })
    }
  }

  async recover(ms: number): Promise<void> {
    if (this.isOwn || ms < RESTART_MS) return
    await this.#look()
  }

  async stop(): Promise<void> {
    await this.#own?.stop()
    this.#own = undefined
  }

  /** Takes the data directory if it is free, else finds out where its server is. */
  async #look(): Promise<void> {
    const { dataDir } = this.#config
    try {
      // Loaded here, as most commands find a server elsewhere and need none of it.
      const { startService } = await import('../../service.js')
      this.#own = await startService(this.#config)
      this.#say(`No server runs on ${dataDir}; this command runs one itself.`)
      this.#setAddress(this.#own.url, this.#own.apiKey ?? (await this.#keptKey()))
    } catch (error) {
      if (!(error instanceof DataDirInUse)) throw error
      if (error.url === undefined || error.url === this.#address?.url) return
      this.#say(`Using the server at ${error.url}, which runs on ${dataDir}.`)
      this.#setAddress(error.url, this.#given?.apiKey ?? (await this.#keptKey()))
    }
  }

  #setAddress(url: string, kept: string): void {
    this.#address = { url, apiKey: kept, keySource: this.#keyFile, ...this.#given }
  }

  get #keyFile(): string {
    return layoutOf(this.#config.dataDir).apiKey
  }

  async #keptKey(): Promise<string> {
    const key = await readApiKey(this.#config.dataDir)
    if (key === undefined) throw new CommandError(`There is no API key in ${this.#keyFile}. Give --api-key.`)
    return key
  }
}
