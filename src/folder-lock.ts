import type { Logger } from 'pino'
import type { Connection } from './db/connection.js'
import { holdStoreLock, type StoreLock } from './uploads/store-lock.js'
import type { UploadStores } from './uploads/stores.js'

interface FolderLockOptions {
  readonly stores: UploadStores
  readonly connection: Connection
  readonly logger: Logger
  /** Stops waiting for a process that holds it. */
  readonly signal: AbortSignal | undefined
  /** Called when another process has taken the lock, and when we have it back. */
  readonly onChange: (isHeld: boolean) => void
}

/** The lock of the uploads folder, which only one process may use. Without a folder there is nothing to lock. */
export class FolderLock {
  readonly #options: FolderLockOptions
  #lock: StoreLock | undefined
  #locking: Promise<StoreLock> | undefined

  constructor(options: FolderLockOptions) {
    this.#options = options
  }

  /** Whether this process may use the folder now. */
  get isHeld(): boolean {
    return this.#options.stores.folder === undefined || this.#lock?.isHeld === true
  }

  /** Takes the lock. Does nothing if it has it already. @throws StoreInUse, and as `holdStoreLock` */
  async hold(): Promise<void> {
    const { stores, ...options } = this.#options
    if (!stores.folder) return
    this.#locking ??= holdStoreLock(options.connection, { ...options, storeId: stores.folder.id })
    try {
      this.#lock = await this.#locking
    } catch (error) {
      this.#locking = undefined
      throw error
    }
  }

  /** Also when it is being taken at that moment, by a start that is given up. */
  async release(): Promise<void> {
    await (await this.#locking?.catch(() => undefined))?.release()
  }
}
