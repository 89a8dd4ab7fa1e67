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
  /** The keys of all files. */
  keys(): Promise<string[]>
  /** The files that no import names. They are kept for a while, since a newer backup may name them. */
  readonly aside: {
    put(key: string): Promise<void>
    takeBack(key: string): Promise<void>
    keys(): Promise<string[]>
    /** Deletes those set aside more than `days` ago; returns how many. */
    removeOlderThan(days: number): Promise<number>
  }
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

/** The file that an import names is not in the store. */
export class UploadMissing extends Error {
  override name = 'UploadMissing'
}
