import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UploadMissing, type UploadReader, type UploadStore, type UploadWriter } from './store.js'

const SUFFIX = '.jsonl'

/** The store's name among others, by its data directory's identity. */
export const fileStoreId = (id: string): string => `file:${id}`

/**
 * Keeps uploads as files of a folder. They are written in `incoming/`, synced, and renamed into place: a file with its
 * final name is whole, and survives a power cut.
 *
 * @param id names the store; the data directory's identity.
 */
export async function openFileStore(folder: string, id: string): Promise<UploadStore> {
  const incoming = join(folder, 'incoming')
  await mkdir(incoming, { recursive: true, mode: 0o700 })
  const pathOf = (key: string) => join(folder, `${key}${SUFFIX}`)

  return {
    id: fileStoreId(id),

    async create(key): Promise<UploadWriter> {
      const draft = join(incoming, key)
      const file = await open(draft, 'wx', 0o600)
      return {
        async write(bytes) {
          for (let written = 0; written < bytes.length; ) {
            written += (await file.write(bytes, written)).bytesWritten
          }
        },
        async commit() {
          await file.sync()
          await file.close()
          await rename(draft, pathOf(key))
          await syncFolder(folder)
        },
        async abort() {
          await file.close().catch(() => {})
          await rm(draft, { force: true })
          await rm(pathOf(key), { force: true })
        },
      }
    },

    async open(key): Promise<UploadReader> {
      const file = await open(pathOf(key), 'r').catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'ENOENT'
          ? new UploadMissing(`The uploaded file ${key} is not in ${folder}.`)
          : error
      })
      return {
        read: async (buffer, position) => (await file.read(buffer, 0, buffer.length, position)).bytesRead,
        close: () => file.close(),
      }
    },

    remove: (key) => rm(pathOf(key), { force: true }),

    async keys() {
      const names = await readdir(folder)
      return names.flatMap((name) => (name.endsWith(SUFFIX) ? [name.slice(0, -SUFFIX.length)] : []))
    },
  }
}

/** Removes what uploads left that were cut off by a crash. Only while nobody uploads. */
export async function clearIncoming(folder: string): Promise<void> {
  const incoming = join(folder, 'incoming')
  const names = await readdir(incoming)
  await Promise.all(names.map((name) => rm(join(incoming, name), { force: true })))
}

/** A rename is durable once its folder is synced. Windows has no such call, and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
