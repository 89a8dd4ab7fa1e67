import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type UploadStore, UploadsAway } from '../uploads/store.js'
import type { UploadStores } from '../uploads/stores.js'

/** How long a look waits for a store's answer. */
const PATIENCE_MS = 1000

/**
 * The stores whose files this process can read at the moment. An import of any other store must not be
 * started: its file would seem to be gone.
 */
export class ReadableStores {
  readonly #stores: UploadStores
  readonly #logger: Logger
  readonly #isPaused: () => boolean
  readonly #checks = new Map<UploadStore, Promise<boolean>>()
  readonly #away = new Set<UploadStore>()
  #ids: readonly string[] = []

  /** @param isPaused whether another process holds the folder */
  constructor({ stores, logger }: { stores: UploadStores; logger: Logger }, isPaused: () => boolean) {
    this.#stores = stores
    this.#logger = logger
    this.#isPaused = isPaused
  }

  /** As the last look found them. */
  get ids(): readonly string[] {
    return this.#ids
  }

  /** Checks each store. One that does not answer in time counts as away until it does: the others go on. */
  async look(): Promise<void> {
    const { all, folder } = this.#stores
    const wanted = all.filter((store) => store !== folder || !this.#isPaused())
    const ended = new AbortController()
    const patience = sleep(PATIENCE_MS, false, { signal: ended.signal }).catch(() => false)
    const there = await Promise.all(
      wanted.map((store) => Promise.race([this.#isThere(store), patience])),
    ).finally(() => ended.abort())
    this.#ids = wanted.filter((_, index) => there[index]).map(({ id }) => id)
  }

  /** One check of a store at a time. */
  #isThere(store: UploadStore): Promise<boolean> {
    const check = this.#checks.get(store) ?? this.#check(store).finally(() => this.#checks.delete(store))
    this.#checks.set(store, check)
    return check
  }

  async #check(store: UploadStore): Promise<boolean> {
    const logger = this.#logger.child({ store: store.id })
    try {
      await store.requireThere()
      if (this.#away.delete(store)) logger.warn('the uploads are back')
      return true
    } catch (error) {
      if (!(error instanceof UploadsAway)) throw error
      if (!this.#away.has(store))
        logger.error({ reason: error.message }, 'the uploads are away; imports wait for them')
      this.#away.add(store)
      return false
    }
  }
}
