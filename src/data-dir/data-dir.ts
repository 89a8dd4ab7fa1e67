import { chmod, mkdir, realpath, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { StartError } from '../start-error.js'
import { identityOf } from './identity.js'
import { type DataDirLayout, layoutOf } from './layout.js'
import { takeLock } from './lock.js'

/** A data directory that belongs to this process alone until it ends, in whatever way. */
export interface DataDir {
  /** Absolute, without symbolic links. */
  readonly path: string
  readonly layout: DataDirLayout
  /** Identifies this directory permanently, wherever it is mounted. */
  readonly id: string
  /** Tells other processes of this machine, when they ask, where HTTP listens. */
  announce(url: string): void
  release(): Promise<void>
}

/**
 * Opens a data directory, created if it is missing, for this process alone.
 *
 * @throws DataDirInUse
 */
export async function openDataDir(folder: string): Promise<DataDir> {
  await makeFolder(folder)
  const path = await realpath(folder)
  const id = await identityOf(path)
  let url = ''
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(url)
  })
  const release = await takeLock(path, server)
  return {
    path,
    layout: layoutOf(path),
    id,
    announce(announced) {
      url = announced
    },
    release,
  }
}

async function makeFolder(folder: string): Promise<void> {
  const { uid } = await stat(folder).catch(async () => {
    await mkdir(folder, { recursive: true })
    // Others may pass through but not list: the embedded database may run as another user. The contents are
    // private.
    await chmod(folder, 0o711)
    return stat(folder)
  })
  const own = process.getuid?.()
  if (own !== undefined && own !== 0 && own !== uid) {
    throw new StartError(
      `The data directory ${folder} belongs to another user (id ${uid}). Start intake as that user, or set DATA_DIR to another folder.`,
    )
  }
}
