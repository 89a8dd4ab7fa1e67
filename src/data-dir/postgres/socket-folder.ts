import { createHash } from 'node:crypto'
import { constants, openSync } from 'node:fs'
import { type FileHandle, mkdir, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { StartError } from '../../start-error.js'
import { layoutOf } from '../layout.js'
import type { DatabaseUser } from './database-user.js'

/**
 * A socket's whole path has to fit into 107 bytes (`sun_path`); this is the part that PostgreSQL adds to the
 * folder.
 */
const SOCKET_NAME = '/.s.PGSQL.5432'
const LONGEST_SOCKET_PATH = 103

const fits = (folder: string): boolean => Buffer.byteLength(folder + SOCKET_NAME) <= LONGEST_SOCKET_PATH

/**
 * The folder of the embedded server's socket, as a client in this process addresses it: the cluster's own
 * folder, which only its user may enter. On Linux, a folder whose path is too long is addressed through the
 * data directory, which stays open until this process ends. Elsewhere it is a private folder among the
 * temporary files.
 *
 * @param dataDir absolute, without symbolic links.
 */
export function clientSocketFolder(dataDir: string): string {
  const cluster = layoutOf(dataDir).cluster.folder
  if (fits(cluster)) return cluster
  if (process.platform !== 'linux') return temporaryFolderOf(cluster)
  const opened = openSync(dataDir, constants.O_RDONLY | constants.O_DIRECTORY)
  return `/proc/self/fd/${opened}/${basename(cluster)}`
}

/** The same folder as the server addresses it from the cluster's folder. A temporary one is created. */
export async function serverSocketFolder(cluster: string, user: DatabaseUser | undefined): Promise<string> {
  if (fits(cluster) || process.platform === 'linux') return '.'
  const folder = temporaryFolderOf(cluster)
  await takeTemporaryFolder(folder, user)
  return folder
}

const temporaryFolderOf = (cluster: string): string =>
  join(tmpdir(), `intake-${createHash('sha256').update(cluster).digest('hex').slice(0, 16)}`)

/**
 * Creates a private folder where anybody may have put something first. It is opened without following
 * symbolic links, and only what was opened and checked is changed.
 *
 * @param user the new owner; undefined: it stays ours.
 * @throws StartError if something of another user, or a link, exists there
 */
export async function takeTemporaryFolder(folder: string, user: DatabaseUser | undefined): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  const handle = await openFolder(folder)
  try {
    const { uid } = await handle.stat()
    if (uid !== process.getuid?.() && uid !== user?.uid) throw notOurs(folder)
    await handle.chmod(0o700)
    if (user) await handle.chown(user.uid, user.gid)
  } finally {
    await handle.close()
  }
}

async function openFolder(folder: string): Promise<FileHandle> {
  try {
    return await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A link, a file, or a folder that its owner has closed.
    if (code === 'ELOOP' || code === 'ENOTDIR' || code === 'EACCES') throw notOurs(folder)
    throw error
  }
}

const notOurs = (folder: string) =>
  new StartError(
    `${folder} is not one of our folders; remove it, or set DATA_DIR to a shorter path, which does not need it.`,
  )
