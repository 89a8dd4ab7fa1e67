import { randomUUID } from 'node:crypto'
import { cp, lstat, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { StartError } from '../../start-error.js'

/**
 * PostgreSQL refuses to run as root. When intake itself runs as root, the embedded server runs as another
 * user: the one that already owns the cluster, or else `postgres`, or else `nobody`.
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
    throw new StartError(
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

/**
 * The name of `folder` for a program that was started in it. The user may not be allowed to enter a folder
 * above, as with /root; a process does not need to pass through those to reach the folder it is in
 * (proc_pid_cwd(5)).
 */
export const fromWithin = (user: DatabaseUser | undefined, folder: string): string =>
  user && process.platform === 'linux' ? '/proc/self/cwd' : folder

/**
 * The folder of PostgreSQL's programs (`bin`, `lib`, `share`) where `user` can run them: the original, or a
 * copy among the temporary files if the user may not enter a folder above.
 */
export async function programsFor(user: DatabaseUser | undefined, programs: string): Promise<string> {
  if (!user || !(await isClosed(programs, user))) return programs
  const { version } = JSON.parse(await readFile(join(dirname(programs), 'package.json'), 'utf8')) as {
    version: string
  }
  const copy = join(tmpdir(), `intake-postgresql-${version}`)
  if (!(await isOurs(copy))) {
    const draft = `${copy}.${randomUUID()}`
    await mkdir(draft, { mode: 0o755 })
    // Static libraries are needed only for linking.
    await cp(programs, draft, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (file) => !file.endsWith('.a'),
    })
    await rename(draft, copy).catch(async (error: NodeJS.ErrnoException) => {
      await rm(draft, { recursive: true, force: true })
      // Another process was quicker.
      if (!(await isOurs(copy))) throw error
    })
  }
  return copy
}

/** Whether `user` may not enter `path` or a folder above it. */
async function isClosed(path: string, { uid, gid }: DatabaseUser): Promise<boolean> {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    const found = await stat(folder)
    const bit = found.uid === uid ? 0o100 : found.gid === gid ? 0o010 : 0o001
    if ((found.mode & bit) === 0) return true
    if (folder === dirname(folder)) return false
  }
}

/** Anybody may put things into the folder for temporary files; we run only what root put there. */
async function isOurs(copy: string): Promise<boolean> {
  const found = await lstat(copy).catch(() => undefined)
  if (!found) return false
  if (found.isDirectory() && found.uid === 0 && (found.mode & 0o022) === 0) return true
  throw new StartError(
    `${copy} was not created by root; remove it, so that ${basename(copy)} can be put there.`,
  )
}
