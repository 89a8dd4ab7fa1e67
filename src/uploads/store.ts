import { StartError } from '../start-error.js'

/**
 * Where uploaded files are stored until they are imported, and after that. Keys are UUIDs. All methods throw
 * UploadsAway while the storage is not available.
 */
export interface UploadStore {
  /** Identifies this store: a worker takes only imports whose file it can read. */
  readonly id: string
  /** Throws UploadsAway if the storage is not available; otherwise does nothing. */
  requireThere(): Promise<void>
  /** Starts a file. It is not visible under `key` before `commit`. */
  create(key: string): Promise<UploadWriter>
  /** @throws UploadMissing */
  open(key: string): Promise<UploadReader>
  /** Gives a file a second key. It is durable under both, and removing one leaves the other. @throws UploadMissing */
  copy(from: string, to: string): Promise<void>
  /** Removes a file; a missing one is not an error. */
  remove(key: string): Promise<void>
  /** The time by the clock of the storage: how old a file is, no other clock can say. */
  now(): Promise<Date>
  /** All files, in no particular order. */
  list(): AsyncIterable<StoredUpload>
  /**
   * Removes what interrupted uploads have left if nothing was added to it since `before`, by the clock of the
   * storage; returns how many.
   */
  removeUnfinished(before: Date): Promise<number>
}

export interface StoredUpload {
  readonly key: string
  /** When the file got this key, by the clock of the storage. */
  readonly modifiedAt: Date
}

export interface UploadWriter {
  /** Writes the next bytes; resolves when more may follow. */
  write(bytes: Buffer): Promise<void>
  /** Makes the file durable and then visible under its key. */
  commit(): Promise<void>
  /** Discards the file. */
  abort(): Promise<void>
}

export interface UploadReader {
  /** Reads into `buffer` from `position` bytes on; returns how many bytes were read, 0 at the end. */
  read(buffer: Buffer, position: number): Promise<number>
  close(): Promise<void>
}

/** The storage is not available at the moment. The message says why and what to do, for an operator. */
export class UploadsAway extends StartError {
  override name = 'UploadsAway'
}

/** The file that an import names is not in the store. */
export class UploadMissing extends Error {
  override name = 'UploadMissing'
}
