import { createHash, randomUUID } from 'node:crypto'
import { chmod, link, mkdir, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StartError } from './start-error.js'

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
 * The lock is a socket that this process listens on, so the kernel releases it with the process: there is no file
 * that could go stale, and no process id that another process could have by now. The address follows from a secret in
 * the directory, so that nobody who cannot read the directory can occupy it.
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
  await listen(server, lockAddress(id), path)
  return {
    path,
    id,
    announce(announced) {
      url = announced
    },
    release: () => new Promise((resolve) => server.close(() => resolve())),
  }
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
  const read = async () => (await readFile(file, 'utf8')).trim()
  try {
    return await read()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
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
  return read()
}

/** On Linux an abstract socket (unix(7)), which has no file; elsewhere a file in the folder for temporary files. */
function lockAddress(id: string): string {
  const name = createHash('sha256').update(`intake data directory ${id}`).digest('hex').slice(0, 32)
  if (process.platform === 'linux') return `\0intake-${name}`
  if (process.platform === 'win32') return `\\\\.\\pipe\\intake-${name}`
  return join(tmpdir(), `intake-${name}.lock`)
}

async function listen(server: Server, address: string, path: string, mayRemove = true): Promise<void> {
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    server.once('error', resolve)
    server.listen(address, () => {
      server.off('error', resolve)
      resolve(undefined)
    })
  })
  if (!error) {
    // The lock must not keep a process alive that has nothing else to do.
    server.unref()
    return
  }
  if (error.code !== 'EADDRINUSE') throw error
  const url = await ask(address)
  if (url === undefined && mayRemove && process.platform === 'darwin') {
    await rm(address, { force: true })
    return listen(server, address, path, false)
  }
  throw new DataDirInUse(path, url || undefined)
}

/** What the process at `address` says; undefined if nobody is there. */
function ask(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let said = ''
    const socket = connect(address)
    socket.setTimeout(1000, () => socket.destroy())
    socket.setEncoding('utf8')
    socket.on('data', (data) => {
      said += data
    })
    socket.on('error', () => resolve(undefined))
    socket.on('close', () => resolve(said))
  })
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
export async function readApiKey(path: string): Promise<string | undefined> {
  try {
    return (await readFile(join(path, 'api-key'), 'utf8')).trim() || undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
