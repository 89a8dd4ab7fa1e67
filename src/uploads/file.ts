import { type FileHandle, open, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { uploadKey, uploadName, uploadsLayoutOf } from '../data-dir/layout.js'
import { linkOrCopy } from './copy.js'
import { namesIn, requireUploadsFolder } from './folder.js'
import { UploadMissing, type UploadReader, type UploadStore, type UploadWriter } from './store.js'

/** The store's name, derived from its data directory's identity. */
const fileStoreId = (id: string): string => `file:${id}`

/**
 * Stores uploads as files in a folder. They are written in `incoming/`, synced, and renamed into place: a
 * file with its final name is complete, and survives a power cut. Nothing is done before the first call:
 * `openUploadsFolder` creates the folder.
 *
 * @param id the data directory's identity, which names the store.
 */
export function openFileStore(folder: string, id: string): UploadStore {
  const { incoming } = uploadsLayoutOf(folder)
  const pathOf = (key: string) => join(folder, uploadName(key))
  const requireThere = () => requireUploadsFolder(folder, id)

  /** Turns failures into UploadsAway if the folder is away. */
  const there = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      await requireThere()
      throw error
    }
  }

  return {
    id: fileStoreId(id),
    requireThere,

    async create(key): Promise<UploadWriter> {
      await requireThere()
      const draft = join(incoming, key)
      const file = await there(() => open(draft, 'wx', 0o600))
      return writerOf(file, draft, pathOf(key), folder, there)
    },

    async open(key): Promise<UploadReader> {
      const file = await there(() => open(pathOf(key), 'r')).catch((error) => {
        throw whyNotOpen(error, key, folder)
      })
      return {
        read: (buffer, position) =>
          there(async () => (await file.read(buffer, 0, buffer.length, position)).bytesRead),
        close: () => file.close(),
      }
    },

    async copy(from, to) {
      await requireThere()
      await there(() => renew(pathOf(from))).catch((error) => {
        throw whyNotOpen(error, from, folder)
      })
      await there(() => linkOrCopy(pathOf(from), pathOf(to), join(incoming, to))).catch((error) => {
        throw whyNotOpen(error, from, folder)
      })
      await there(() => syncFolder(folder))
    },

    async remove(key) {
      await requireThere()
      await rm(pathOf(key), { force: true })
    },

    now: async () => new Date(),

    async *list() {
      await requireThere()
      for await (const { name, modifiedAt } of filesIn(folder)) {
        const key = uploadKey(name)
        if (key !== undefined) yield { key, modifiedAt }
      }
    },

    async removeUnfinished(before) {
      await requireThere()
      let removed = 0
      for await (const { name, modifiedAt } of filesIn(incoming)) {
        if (modifiedAt >= before) continue
        await rm(join(incoming, name), { force: true })
        removed += 1
      }
      return removed
    },
  }
}

/** Both names of a file have its time: the second one must not look old from the start. */
const renew = (path: string): Promise<void> => utimes(path, new Date(), new Date())

const whyNotOpen = (error: NodeJS.ErrnoException, key: string, folder: string): Error =>
  error.code === 'ENOENT' ? new UploadMissing(`The uploaded file ${key} is not in ${folder}.`) : error

function writerOf(
  file: FileHandle,
  draft: string,
  path: string,
  folder: string,
  there: <T>(work: () => Promise<T>) => Promise<T>,
): UploadWriter {
  return {
    write: (bytes) =>
      there(async () => {
        for (let written = 0; written < bytes.length; ) {
          written += (await file.write(bytes, written)).bytesWritten
        }
      }),
    commit: () =>
      there(async () => {
        await file.sync()
        await file.close()
        await rename(draft, path)
        await syncFolder(folder)
      }),
    async abort() {
      await file.close().catch(() => {})
      await rm(draft, { force: true })
      await rm(path, { force: true })
    },
  }
}

/** The files of a folder that may lose some meanwhile. */
async function* filesIn(folder: string): AsyncGenerator<{ name: string; modifiedAt: Date }, void, undefined> {
  for (const name of await namesIn(folder)) {
    const found = await stat(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
    if (found?.isFile()) yield { name, modifiedAt: found.mtime }
  }
}

/**
 * Removes what uploads interrupted by a crash have left, if the folder is available. Only while nobody
 * uploads.
 */
export async function clearIncoming(folder: string): Promise<void> {
  const { incoming } = uploadsLayoutOf(folder)
  const names = await namesIn(incoming)
  await Promise.all(names.map((name) => rm(join(incoming, name), { force: true })))
}

/** A rename is durable once its folder is synced. Windows has no such call and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
