import { createServer } from 'node:net'
import { type Log, type ServeProcess, serve } from '../../support/service.js'

/** What a process is started with; it lasts as long as the process. */
export interface Start {
  readonly environment?: Readonly<Record<string, string>>
  readonly log?: Log
}

/** One process of the service under test, at a fixed address. */
export class Member {
  readonly url: string
  #server: ServeProcess | undefined
  /** The output of all processes so far. */
  #said = ''

  private constructor(
    readonly dataDir: string,
    readonly port: number,
    readonly environment: Readonly<Record<string, string>>,
  ) {
    this.url = `http://127.0.0.1:${port}`
  }

  /** Starts nothing yet. */
  static async of(dataDir: string, environment: Readonly<Record<string, string>>): Promise<Member> {
    return new Member(dataDir, await freePort(), environment)
  }

  get pid(): number {
    return this.#running().process.pid ?? 0
  }

  get said(): string {
    return this.#said + (this.#server?.stderr() ?? '')
  }

  #running(): ServeProcess {
    if (!this.#server) throw new Error('The service does not run.')
    return this.#server
  }

  /** Starts the service, which must not run. */
  async start({ environment, log }: Start = {}): Promise<void> {
    this.#server = await serve(
      { DATA_DIR: this.dataDir, PORT: String(this.port), ...this.environment, ...environment },
      log,
    )
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#running().kill()
    this.#forget()
  }

  /** SIGTERM. */
  async stop(): Promise<void> {
    const code = await this.#running().stop()
    if (code !== 0)
      throw new Error(`The service ended with ${code} after SIGTERM:\n${this.said.slice(-2000)}`)
    this.#forget()
  }

  #forget(): void {
    this.#said = this.said.slice(-20_000)
    this.#server = undefined
  }

  signal(signal: NodeJS.Signals): void {
    this.#running().process.kill(signal)
  }

  /** Stops it, whatever state it is in. */
  async end(): Promise<void> {
    if (!this.#server) return
    this.signal('SIGCONT')
    await this.#server.stop()
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('There is no free port.')
  return address.port
}
