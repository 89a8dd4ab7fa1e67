import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import type { Connection } from '../src/db/connection.js'
import { projectFolder } from './server.js'

/** Where Debian's packages put the programs that it wraps. */
const DEBIAN = '/usr/lib/postgresql'

/** The psql of this machine, from PATH or Debian's packages; the embedded PostgreSQL has none. */
export function findPsql(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).toSorted((a, b) => Number(b) - Number(a)) : []
  const program = process.platform === 'win32' ? 'psql.exe' : 'psql'
  return [...folders, ...versions.map((version) => join(DEBIAN, version, 'bin'))]
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path))
}

/** A statement or a script of `peers/psql/` that psql runs. */
type Work = { readonly script: string } | { readonly statement: string }

/**
 * Runs psql on a database as its superuser.
 *
 * @param folder where \copy finds its files
 * @returns what it prints, unaligned and without headers
 * @throws Error with what it says if anything fails; AbortError
 */
export async function runPsql(
  psql: string,
  connection: Connection,
  work: Work,
  {
    folder = '.',
    variables = {},
    signal,
  }: {
    readonly folder?: string
    readonly variables?: Readonly<Record<string, string>>
    readonly signal?: AbortSignal
  } = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(
    psql,
    [
      ...['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set=ON_ERROR_STOP=1'],
      `--dbname=${urlOf(connection)}`,
      ...Object.entries(variables).map(([name, value]) => `--set=${name}=${value}`),
      ...('script' in work
        ? [`--file=${join(projectFolder(), 'bench', 'peers', 'psql', work.script)}`]
        : [`--command=${work.statement}`]),
    ],
    {
      cwd: folder,
      // Not our own environment: its settings must not change what is measured.
      env: { PATH: process.env.PATH },
      ...(signal && { signal }),
    },
  )
  return stdout.trim()
}

function urlOf(connection: Connection): string {
  if ('connectionString' in connection) return connection.connectionString
  const { host, port, user, database } = connection
  return `postgresql://${user}@/${database}?${new URLSearchParams({ host, port: String(port) })}`
}
