import type { Pool, PoolConnections } from './pool.js'

/** The pool as seen by one owner's requests. */
export type PoolOf = (caller: { readonly ownerId: string }) => Pool

/** No connection became free for a request of this owner in time. */
export class WaitedTooLong extends Error {
  override name = 'WaitedTooLong'
  constructor(seconds: number) {
    super(`A request waited ${seconds} s for a connection to the database.`)
  }
}

export interface Sharing {
  /** The most connections that the requests of all owners hold at once. */
  readonly connections: number
  /** The most connections that the requests of one owner hold at once. */
  readonly connectionsPerOwner: number
  /** The longest that a statement or transaction waits for its turn. */
  readonly waitSeconds: number
}

/**
 * Shares a pool's connections between owners. One owner never holds all of them, and waiting owners take
 * turns, whoever asked first: a store with a thousand slow requests delays those of another store by one
 * statement, not by a thousand.
 */
export class OwnerPools {
  readonly #pool: PoolConnections
  readonly #sharing: Sharing
  /** Those that hold or wait for a connection; the first one's turn is next. */
  readonly #owners = new Map<string, Owner>()
  #held = 0

  constructor(pool: PoolConnections, sharing: Sharing) {
    this.#pool = pool
    this.#sharing = sharing
  }

  /** Statements and transactions that wait for their turn. */
  get waiting(): number {
    let waiting = 0
    for (const owner of this.#owners.values()) waiting += owner.waiting.size
    return waiting
  }

  /** What an owner's requests use instead of the pool. Its methods throw WaitedTooLong. */
  readonly of: PoolOf = ({ ownerId }) => ({
    query: async (statement, values) => {
      const leave = await this.#enter(ownerId)
      try {
        return await this.#pool.query(statement, values)
      } finally {
        leave()
      }
    },
    connect: async () => {
      const leave = await this.#enter(ownerId)
      try {
        const client = await this.#pool.connect()
        // The pool gives a client a new `release` each time it is taken.
        const release = client.release
        client.release = (error) => {
          release(error)
          leave()
        }
        return client
      } catch (error) {
        leave()
        throw error
      }
    },
  })

  /** Waits for a turn; the returned function ends it. */
  async #enter(ownerId: string): Promise<() => void> {
    const owner = this.#owners.get(ownerId) ?? { held: 0, waiting: new Set() }
    this.#owners.set(ownerId, owner)
    if (this.#mayHold(owner)) this.#take(owner)
    else await this.#turn(owner).finally(() => this.#forgetIdle(ownerId, owner))
    return () => {
      owner.held -= 1
      this.#held -= 1
      this.#forgetIdle(ownerId, owner)
      this.#giveTurns()
    }
  }

  #forgetIdle(ownerId: string, { held, waiting }: Owner): void {
    if (held === 0 && waiting.size === 0) this.#owners.delete(ownerId)
  }

  #mayHold({ held }: Owner): boolean {
    return this.#held < this.#sharing.connections && held < this.#sharing.connectionsPerOwner
  }

  #take(owner: Owner): void {
    owner.held += 1
    this.#held += 1
  }

  #turn(owner: Owner): Promise<void> {
    const { waitSeconds } = this.#sharing
    return new Promise((resolve, reject) => {
      const begin = () => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        owner.waiting.delete(begin)
        reject(new WaitedTooLong(waitSeconds))
      }, waitSeconds * 1000)
      owner.waiting.add(begin)
    })
  }

  #giveTurns(): void {
    for (const [ownerId, owner] of this.#owners) {
      if (this.#held >= this.#sharing.connections) return
      const [begin] = owner.waiting
      if (!begin || !this.#mayHold(owner)) continue
      owner.waiting.delete(begin)
      this.#take(owner)
      // Its next turn comes after those of all others, which this loop reaches too.
      this.#owners.delete(ownerId)
      this.#owners.set(ownerId, owner)
      begin()
    }
  }
}

interface Owner {
  held: number
  /** In the order in which they came. */
  readonly waiting: Set<() => void>
}
