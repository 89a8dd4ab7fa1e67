import { openFileStore } from './file.js'
import type { UploadStore } from './store.js'

/** What identifies the upload stores of a process. Plain data, since it crosses threads. */
export interface StoresOptions {
  /** The uploads folder of its data directory. */
  readonly folder: {
    readonly path: string
    /** The data directory's identity. */
    readonly id: string
  }
}

/** The upload stores that a process can reach. An import names the one that has its file. */
export interface UploadStores {
  /** Takes new files. */
  readonly current: UploadStore
  /** Whether other processes can reach `current`, too. */
  readonly isShared: boolean
  /** All of them, `current` included. */
  readonly all: readonly UploadStore[]
  /** The one that belongs to a single process: whoever holds its lock. */
  readonly folder: UploadStore | undefined
  /** The store with an id; undefined: only other processes have it. */
  of(id: string): UploadStore | undefined
}

/** Opens the stores. Nothing is read or written before the first call of one. */
export function openUploadStores({ folder: { path, id } }: StoresOptions): UploadStores {
  const folder = openFileStore(path, id)
  return storesOf(folder, [folder], folder)
}

const storesOf = (
  current: UploadStore,
  all: readonly UploadStore[],
  folder: UploadStore | undefined,
): UploadStores => ({
  current,
  isShared: current !== folder,
  all,
  folder,
  of: (id) => all.find((store) => store.id === id),
})
