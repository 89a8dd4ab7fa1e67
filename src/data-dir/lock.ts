import { randomUUID } from 'node:crypto'
import { link, open, rename, rm } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { basename, dirname } from 'node:path'
import { StartError } from '../start-error.js'
import { layoutOf } from './layout.js'

/** Another process uses the data directory. `url`: where its HTTP listens, if it does yet. */
export class DataDirInUse extends StartError {
  override name = 'DataDirInUse'
  constructor(
    path: string,
    readonly url: string | undefined,
  ) {
    super(
      `The data directory ${path} is used by another running instance${url ? ` (${url})` : ''}. ` +
        'Stop that one, or set DATA_DIR to another folder.',
    )
  }
}

/**
 * Whether a process uses a data directory now. `url`: where its HTTP listens, once it does.
 *
 * @returns undefined: none does.
 */
export async function userOf(path: string): Promise<{ readonly url: string | undefined } | undefined> {
  const said = await ask(layoutOf(path).lock)
  return said === undefined ? undefined : { url: said || undefined }
}

/**
 * Takes the lock: a socket that we listen on. A lock that nobody listens on was left by a process that was
 * killed, and is put aside. If two processes do so at once, only one wins, since only one gets the name
 * (`link`).
 *
 * However the process ends, the kernel stops listening with it: the lock needs no process id, which another
 * process could have by now, and it works between containers that share the directory, each with its own
 * processes and network.
 *
 * @returns a function that releases it
 * @throws DataDirInUse
 */
export async function takeLock(path: string, server: Server): Promise<() => Promise<void>> {
  const { lock } = layoutOf(path)
  const own = `${lock}.${randomUUID()}`
  await withAddress(own, (address) => listen(server, address))
  try {
    while (!(await linked(own, lock))) await putAside(path, lock)
  } catch (error) {
    server.close()
    throw error
  } finally {
    await rm(own, { force: true })
  }
  return async () => {
    await rm(lock, { force: true })
    await new Promise((resolve) => server.close(resolve))
  }
}

/** Gives a file a second name; false: the name is taken. */
async function linked(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Removes a lock whose process is gone. @throws DataDirInUse if it is not */
async function putAside(path: string, lock: string): Promise<void> {
  const holder = await ask(lock)
  if (holder !== undefined) throw new DataDirInUse(path, holder || undefined)
  const aside = `${lock}.${randomUUID()}`
  try {
    await rename(lock, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const url = await ask(aside)
  if (url === undefined) {
    await rm(aside, { force: true })
    return
  }
  // Another process has taken the lock since we asked: give it back.
  await rename(aside, lock)
  throw new DataDirInUse(path, url || undefined)
}

/**
 * An address for a socket of any path: the system accepts about a hundred bytes. On Linux a longer path is
 * addressed through the opened folder.
 */
async function withAddress<T>(socket: string, use: (address: string) => Promise<T>): Promise<T> {
  if (process.platform !== 'linux') return await use(socket)
  const folder = await open(dirname(socket), 'r')
  try {
    return await use(`/proc/self/fd/${folder.fd}/${basename(socket)}`)
  } finally {
    await folder.close()
  }
}

async function listen(server: Server, address: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(address, () => {
      server.off('error', reject)
      resolve()
    })
  })
  // The lock must not keep an otherwise idle process alive.
  server.unref()
}

/** What the process listening on a socket says; undefined if nobody listens. */
function ask(path: string): Promise<string | undefined> {
  return withAddress(
    path,
    (address) =>
      new Promise((resolve) => {
        let said = ''
        const socket = connect(address)
        socket.setTimeout(1000, () => socket.destroy())
        socket.setEncoding('utf8')
        socket.on('data', (data) => {
          said += data
        })
        socket.on('error', ({ code }: NodeJS.ErrnoException) => {
          // Anything else, such as EAGAIN when many are waiting to connect, does not mean that nobody
          // listens.
          if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(undefined)
          else resolve(said)
        })
        socket.on('close', () => resolve(said))
      }),
  )
}
