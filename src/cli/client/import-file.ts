import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Readable } from 'node:stream'
import { CommandError } from '../terminal/fail.js'

/** A file to import, open. */
export interface ImportFile {
  /** Without its folders; for the standard input, what it is called in sentences. */
  readonly name: string
  /** Whether `name` is a file's. */
  readonly isNamed: boolean
  /** The size; undefined: a stream, whose size is not known. */
  readonly bytes: number | undefined
  /** For reading more than once, at any position; undefined: a stream, which cannot be. */
  readonly handle: FileHandle | undefined
  /** Its bytes, once. */
  stream(): Readable
  close(): Promise<void>
}

export const STDIN = '-'

const READ_BYTES = 256 * 2 ** 10

/** Opens a file to import; `-` is the standard input. @throws CommandError if it cannot be one */
export async function openImportFile(path: string): Promise<ImportFile> {
  if (path === STDIN) return standardInput
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new CommandError(whyNotOpen(path, error))
  })
  try {
    const found = await handle.stat()
    if (found.isDirectory()) throw new CommandError(`${path} is a folder. Give the path of a file.`)
    if (found.isFile() && found.size === 0) {
      throw new CommandError(`${path} is empty: there is nothing to import.`)
    }
    return found.isFile() ? regularFile(path, handle, found.size) : pipe(path, handle)
  } catch (error) {
    await handle.close()
    throw error
  }
}

const standardInput: ImportFile = {
  name: 'the standard input',
  isNamed: false,
  bytes: undefined,
  handle: undefined,
  stream: () => process.stdin,
  close: async () => void process.stdin.destroy(),
}

const regularFile = (path: string, handle: FileHandle, bytes: number): ImportFile => ({
  name: basename(path),
  isNamed: true,
  bytes,
  handle,
  // As many bytes as were announced: what is appended meanwhile is not part of this import.
  stream: () =>
    handle.createReadStream({ start: 0, end: bytes - 1, autoClose: false, highWaterMark: READ_BYTES }),
  close: () => handle.close(),
})

const pipe = (path: string, handle: FileHandle): ImportFile => ({
  name: basename(path),
  isNamed: true,
  bytes: undefined,
  handle: undefined,
  stream: () => handle.createReadStream({ autoClose: false, highWaterMark: READ_BYTES }),
  close: () => handle.close(),
})

function whyNotOpen(path: string, { code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return `There is no file ${path}.`
  if (code === 'EACCES' || code === 'EPERM') return `You are not allowed to read ${path}.`
  return `${path} cannot be read: ${message}.`
}
