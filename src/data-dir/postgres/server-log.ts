import { constants } from 'node:fs'
import { copyFile, type FileHandle, open, stat, truncate } from 'node:fs/promises'

/** The log of the embedded PostgreSQL. It holds no statements and no rows (see `SERVER_SETTINGS`). */
export class ServerLog {
  readonly file: string
  #isOpened = false

  constructor(file: string) {
    this.file = file
  }

  /** Opens it for a server to append to. It is emptied for the first server of this process. */
  async open(): Promise<FileHandle> {
    const { O_WRONLY, O_CREAT, O_APPEND, O_TRUNC } = constants
    const flags = O_WRONLY | O_CREAT | O_APPEND | (this.#isOpened ? 0 : O_TRUNC)
    const handle = await open(this.file, flags, 0o600)
    this.#isOpened = true
    return handle
  }

  /** In bytes. */
  async size(): Promise<number> {
    return (await stat(this.file)).size
  }

  /** What was written after the first `from` bytes. */
  async since(from: number): Promise<string> {
    const handle = await open(this.file, 'r')
    try {
      const { size } = await handle.stat()
      const buffer = Buffer.alloc(Math.min(Math.max(size - from, 0), MOST_SHOWN))
      await handle.read(buffer, 0, buffer.length, size - buffer.length)
      return buffer.toString('utf8').trim()
    } finally {
      await handle.close()
    }
  }

  /**
   * Sets it aside once it is long, replacing what was set aside before. The server appends, so it continues
   * at the start.
   */
  async limit(): Promise<void> {
    if ((await this.size()) < MOST_BYTES) return
    await copyFile(this.file, `${this.file}.1`)
    await truncate(this.file)
  }
}

const MOST_BYTES = 8 * 2 ** 20
const MOST_SHOWN = 64 * 2 ** 10
