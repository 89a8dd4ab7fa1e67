import { type FileHandle, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { uploadKey, uploadName, uploadsLayoutOf } from '../data-dir/layout.js'
import { linkOrCopy } from './copy.js'
import { requireUploadsFolder } from './folder.js'
import { UploadMissing, type UploadReader, type UploadStore, type UploadWriter } from './store.js'

/** The store's name, derived from its data directory's identity. */
export const fileStoreId = (id: string): string => `file:${id}`

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
      await there(() => linkOrCopy(pathOf(from), pathOf(to), join(incoming, to))).catch((error) => {
        throw whyNotOpen(error, from, folder)
      })
      await there(() => syncFolder(folder))
    },

    async remove(key) {
      await requireThere()
      await rm(pathOf(key), { force: true })
    },

    async keys() {
      await requireThere()
      return await keysIn(folder)
    },

    aside: asideOf(folder, requireThere),
  }
}

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

function asideOf(folder: string, requireThere: () => Promise<void>): UploadStore['aside'] {
  const { aside } = uploadsLayoutOf(folder)
  return {
    async put(key) {
      await requireThere()
      await mkdir(aside, { recursive: true, mode: 0o700 })
      const now = new Date()
      // Its age is counted from now.
      await utimes(join(folder, uploadName(key)), now, now)
      await rename(join(folder, uploadName(key)), join(aside, uploadName(key)))
    },
    async takeBack(key) {
      await rename(join(aside, uploadName(key)), join(folder, uploadName(key)))
    },
    async keys() {
      await requireThere()
      return await keysIn(aside)
    },
    async removeOlderThan(days) {
      await requireThere()
      const until = Date.now() - days * DAY_MS
      let removed = 0
      for (const key of await keysIn(aside)) {
        const path = join(aside, uploadName(key))
        if ((await stat(path)).mtimeMs > until) continue
        await rm(path, { force: true })
        removed += 1
      }
      return removed
    },
  }
}

const DAY_MS = 24 * 60 * 60 * 1000

async function keysIn(folder: string): Promise<string[]> {
  const names = await namesIn(folder)
  return names.flatMap((name) => uploadKey(name) ?? [])
}

const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })

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
