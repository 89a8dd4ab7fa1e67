/**
 * Where uploaded files are kept until they are imported, and after. Keys are UUIDs. Everything throws UploadsAway while the
 * place is not there.
 */
export interface UploadStore {
  /** Names this store among others: a worker takes only imports whose file it can read. */
  readonly id: string
  /** Throws UploadsAway if the place is not there, and does nothing else. */
  requireThere(): Promise<void>
  /** Begins a file. Nothing is to be seen under `key` before `commit`. */
  create(key: string): Promise<UploadWriter>
  /** @throws UploadMissing */
  open(key: string): Promise<UploadReader>
  /** Removes a file; one that is not there is no error. */
  remove(key: string): Promise<void>
  /** The keys of all files. */
  keys(): Promise<string[]>
  /** The files that no import names. They are kept for a while, for a newer backup may name them. */
  readonly aside: {
    put(key: string): Promise<void>
    takeBack(key: string): Promise<void>
    keys(): Promise<string[]>
    /** Deletes what was put there more than `days` ago; returns how many. */
    removeOlderThan(days: number): Promise<number>
  }
}

export interface UploadWriter {
  /** Takes the next bytes; resolves when more may come. */
  write(bytes: Buffer): Promise<void>
  /** Makes the file durable and then visible under its key. */
  commit(): Promise<void>
  /** Leaves nothing behind. */
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
