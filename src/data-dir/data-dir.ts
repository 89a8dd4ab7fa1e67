import { randomUUID } from 'node:crypto'
import {
  chmod,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { StartError } from '../start-error.js'

/** A data directory that this process has to itself until it ends, however it ends. */
export interface DataDir {
  /** Absolute, without symbolic links. */
  readonly path: string
  /** Names this directory for good, wherever it is mounted. */
  readonly id: string
  /** Tells other processes of this machine that ask where HTTP listens. */
  announce(url: string): void
  release(): Promise<void>
}

/** Another process uses the data directory. `url`: where its HTTP listens, once it does. */
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
 * Opens a data directory, made if it is missing, for this process alone.
 *
 * The lock is a socket in the directory that this process listens on. The kernel stops listening with the process,
 * however it ends: there is no process id in it that another process could have by now, and it holds between containers
 * that share the directory, each with its own processes and network.
 *
 * @throws DataDirInUse
 */
export async function openDataDir(folder: string): Promise<DataDir> {
  await makeFolder(folder)
  const path = await realpath(folder)
  const id = await identity(path)
  let url = ''
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(url)
  })
  const release = await takeLock(path, server)
  return {
    path,
    id,
    announce(announced) {
      url = announced
    },
    release,
  }
}

/**
 * Whether a process uses a data directory now. `url`: where its HTTP listens, once it does.
 *
 * @returns undefined: none does.
 */
export async function userOf(path: string): Promise<{ readonly url: string | undefined } | undefined> {
  const said = await ask(join(path, 'lock'))
  return said === undefined ? undefined : { url: said || undefined }
}

/** The identity that a data directory was given; undefined: none yet. */
export async function readIdentity(path: string): Promise<string | undefined> {
  return await readFileIfThere(join(path, 'id'))
}

async function makeFolder(folder: string): Promise<void> {
  const { uid } = await stat(folder).catch(async () => {
    await mkdir(folder, { recursive: true })
    // Others may pass through, not look: the embedded database may run as another user. What is inside is private.
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

/** The directory's identity, made once. Written beside its place and linked, so that two first starts agree on one. */
async function identity(path: string): Promise<string> {
  const file = join(path, 'id')
  const known = await readIdentity(path)
  if (known !== undefined) return known
  if (await hasUploads(path)) {
    throw new StartError(
      `The data directory ${path} has uploads, but its file "id", by which imports know theirs, is gone; with a new one they would be lost. ` +
        'Put it back from a backup, or write what imports.upload_store has after "file:".',
    )
  }
  const draft = join(path, `id.${randomUUID()}`)
  await writeFile(draft, `${randomUUID()}\n`, { mode: 0o600, flush: true })
  try {
    await link(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(draft, { force: true })
  }
  return (await readFile(file, 'utf8')).trim()
}

async function hasUploads(path: string): Promise<boolean> {
  const names = await readdir(join(path, 'uploads')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names.some((name) => name.endsWith('.jsonl'))
}

/**
 * Takes the lock: a socket with the name `lock` that we listen on. A lock that nobody listens on any more was left by a
 * process that was killed, and is put aside. Two processes that do so at once cannot both win, since a name is given
 * (`link`) to one of them only.
 *
 * @returns how to let go of it
 */
async function takeLock(path: string, server: Server): Promise<() => Promise<void>> {
  const lock = join(path, 'lock')
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

/** Gives a file another name as well; false: the name is taken. */
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
  // Another process has taken the lock since we asked: it gets it back.
  await rename(aside, lock)
  throw new DataDirInUse(path, url || undefined)
}

/**
 * An address by which a socket of any path can be reached: the system takes some hundred bytes at most. On Linux a longer
 * one is named by way of the opened folder.
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
  // The lock must not keep a process alive that has nothing else to do.
  server.unref()
}

/** What the process that listens on a socket says; undefined if nobody does. */
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
          // Anything else, such as EAGAIN where many wait to be heard, does not say that nobody listens.
          if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(undefined)
          else resolve(said)
        })
        socket.on('close', () => resolve(said))
      }),
  )
}

/**
 * The default store's API key that the directory keeps, in a file of mode 0600.
 *
 * @param given is kept in place of the one that is there.
 */
export async function keepApiKey(
  path: string,
  given: string | undefined,
  generate: () => string,
): Promise<string> {
  const file = join(path, 'api-key')
  const kept = await readApiKey(path)
  const key = given ?? kept ?? generate()
  if (key === kept) return key
  const draft = `${file}.new`
  await rm(draft, { force: true })
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(`${key}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, file)
  return key
}

/** The kept key; undefined if there is none yet. */
export const readApiKey = (path: string): Promise<string | undefined> =>
  readFileIfThere(join(path, 'api-key'))

/** A file's text without the newline; undefined if it is not there or empty. */
export async function readFileIfThere(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim() || undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
