import type { FileHandle } from 'node:fs/promises'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addAbortSignal } from 'node:stream'
import { decompress, isCompressed, LONGEST_MAGIC } from '../../imports/file/decompress.js'
import { UnusableFile } from '../../imports/file/unusable-file.js'
import type { UploadReader } from '../../uploads/store.js'
import { CommandError } from '../terminal/fail.js'
import type { ImportFile } from './import-file.js'

/**
 * A decompressed file that can be read at any position, any number of times. `close` removes temporary files.
 */
export interface ReadableFile {
  readonly reader: UploadReader
  readonly bytes: number
}

/**
 * Makes a file readable at any position: a compressed file or a stream is written to a temporary file first.
 *
 * @throws CommandError, and the signal's reason
 */
export async function makeReadable(file: ImportFile, signal: AbortSignal): Promise<ReadableFile> {
  const { handle, bytes } = file
  if (handle && bytes !== undefined && !isCompressed(await beginningOf(handle))) {
    return { bytes, reader: readerOf(handle, async () => {}) }
  }
  const folder = await mkdtemp(join(tmpdir(), 'intake-validate-'))
  const removeFolder = () => rm(folder, { recursive: true, force: true })
  try {
    const copy = await open(join(folder, 'decompressed.jsonl'), 'wx+', 0o600)
    const reader = readerOf(copy, async () => {
      await copy.close()
      await removeFolder()
    })
    return { bytes: await copyTo(copy, file, signal), reader }
  } catch (error) {
    await removeFolder()
    throw explained(error as NodeJS.ErrnoException, folder)
  }
}

async function beginningOf(handle: FileHandle): Promise<Buffer> {
  const beginning = Buffer.alloc(LONGEST_MAGIC)
  const { bytesRead } = await handle.read(beginning, 0, beginning.length, 0)
  return beginning.subarray(0, bytesRead)
}

const readerOf = (handle: FileHandle, close: () => Promise<void>): UploadReader => ({
  read: async (buffer, position) => (await handle.read(buffer, 0, buffer.length, position)).bytesRead,
  close,
})

async function copyTo(copy: FileHandle, file: ImportFile, signal: AbortSignal): Promise<number> {
  let bytes = 0
  for await (const piece of decompress(addAbortSignal(signal, file.stream()), Number.POSITIVE_INFINITY)) {
    for (let written = 0; written < piece.length; ) {
      written += (await copy.write(piece, written)).bytesWritten
    }
    bytes += piece.length
  }
  return bytes
}

function explained(error: NodeJS.ErrnoException, folder: string): Error {
  if (error instanceof UnusableFile) return new CommandError(error.message)
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    return new CommandError(
      `There is no room in ${folder} to decompress the file. Set TMPDIR to a folder with more room, or give the file uncompressed.`,
    )
  }
  return error
}
