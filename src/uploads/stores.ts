import { openFileStore } from './file.js'
import type { S3Request } from './s3/bucket.js'
import { openS3Store } from './s3.js'
import type { UploadStore } from './store.js'

/**
 * What identifies the upload stores of a process, of which there is at least one. Plain data, since it crosses
 * threads.
 */
export interface StoresOptions {
  /** The uploads folder of its data directory; undefined: it has none, and never had. */
  readonly folder?: Folder | undefined
  /** `s3://bucket/prefix`, where new files go; undefined: they go to the folder. */
  readonly s3?: string | undefined
}

interface Folder {
  readonly path: string
  /** The data directory's identity. */
  readonly id: string
}

/** What a store in S3 needs besides. */
interface S3Context {
  /** Identifies the database, and is asked before the first file is touched. */
  readonly identity: () => Promise<string>
  /** Receives each request, to be counted. */
  readonly emit: (request: S3Request) => void
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
export function openUploadStores(options: StoresOptions, context?: S3Context): UploadStores {
  const folder = options.folder && openFileStore(options.folder.path, options.folder.id)
  const s3 = options.s3 !== undefined && context ? openS3Store({ url: options.s3, ...context }) : undefined
  const current = s3 ?? folder
  if (!current) throw new Error('There is no upload store.')
  const all = [s3, folder].filter((store) => store !== undefined)
  const isShared = current !== folder
  return { current, isShared, all, folder, of: (id) => all.find((store) => store.id === id) }
}
