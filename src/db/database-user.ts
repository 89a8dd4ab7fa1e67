import type { SpawnOptions } from 'node:child_process'
import { accessSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * PostgreSQL refuses to run as root. When intake itself runs as root, the embedded server runs as another user: the one
 * that owns the cluster already, else `postgres`, else `nobody`.
 */
export interface DatabaseUser {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** The user to run the server as; undefined: as ourselves. */
export async function databaseUser(cluster: string): Promise<DatabaseUser | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const users = await passwd()
  const owner = await stat(cluster).then(
    ({ uid }) => users.find((user) => user.uid === uid && uid !== 0),
    () => undefined,
  )
  const user =
    owner ?? users.find(({ name }) => name === 'postgres') ?? users.find(({ name }) => name === 'nobody')
  if (!user) {
    throw new Error(
      'PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody" to run it as. ' +
        'Run intake as an ordinary user, or set DATABASE_URL.',
    )
  }
  return user
}

async function passwd(): Promise<DatabaseUser[]> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n')
  return lines.flatMap((line) => {
    const [name, , uid, gid] = line.split(':')
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : []
  })
}

/** How to spawn a command so that it runs as `user`. */
export async function runAs(
  user: DatabaseUser | undefined,
  command: string,
  args: readonly string[],
): Promise<{ command: string; args: string[]; options: Pick<SpawnOptions, 'uid' | 'gid'> }> {
  if (!user) return { command, args: [...args], options: {} }
  const { uid, gid } = user
  const paths = [command, ...args.flatMap((arg) => /^(?:--pgdata=)?(\/.*)$/.exec(arg)?.[1] ?? [])]
  const closed = (await Promise.all(paths.map((path) => closedFolderAbove(path, user)))).find(Boolean)
  if (!closed) return { command, args: [...args], options: { uid, gid } }

  // A folder above is closed to the user, as /root usually is. Rather than opening it to everybody, the server is
  // given the one privilege of passing through.
  const capability = await searchCapability()
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find(exists)
  if (!capability || !setpriv) {
    throw new Error(
      `PostgreSQL does not run as root, and the user "${user.name}" that it would run as may not enter ${closed}. ` +
        'Put intake and DATA_DIR into folders that others may enter, run intake as an ordinary user, or set DATABASE_URL.',
    )
  }
  return {
    command: setpriv,
    args: [
      `--reuid=${uid}`,
      `--regid=${gid}`,
      '--clear-groups',
      `--inh-caps=+${capability}`,
      `--ambient-caps=+${capability}`,
      command,
      ...args,
    ],
    options: {},
  }
}

/** The nearest folder above `path` that `user` may not enter, if any. */
async function closedFolderAbove(path: string, { uid, gid }: DatabaseUser): Promise<string | undefined> {
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    const found = await stat(folder)
    const bit = found.uid === uid ? 0o100 : found.gid === gid ? 0o010 : 0o001
    if ((found.mode & bit) === 0) return folder
    if (folder === dirname(folder)) return undefined
  }
}

/** Linux capabilities that let a process pass through folders, the narrower first: name and bit (capabilities(7)). */
const SEARCH_CAPABILITIES = [
  ['dac_read_search', 2n],
  ['dac_override', 1n],
] as const

async function searchCapability(): Promise<string | undefined> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '')
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1]
  if (!bounding) return undefined
  return SEARCH_CAPABILITIES.find(([, bit]) => (BigInt(`0x${bounding}`) >> bit) & 1n)?.[0]
}

function exists(path: string): boolean {
  try {
    accessSync(path)
    return true
  } catch {
    return false
  }
}
