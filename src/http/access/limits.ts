import { Semaphore } from 'async-mutex'
import {
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRes,
  RLWrapperTimeouts,
} from 'rate-limiter-flexible'
import type { Pool } from '../../db/pool.js'

/** How much of something a key may have within a window of time, which starts with its first. */
export interface Limit {
  readonly points: number
  /** Counts one. @throws RateLimiterRes if that is too many */
  consume(key: string): Promise<void>
  /** Whether the next one would be too many. */
  refusalOf(key: string): Promise<RateLimiterRes | undefined>
}

export interface LimitOptions {
  /** What is counted. */
  readonly name: string
  readonly points: number
  /** How long the window is, in seconds. */
  readonly duration: number
}

/** A limit that this process counts for itself. */
export function ownLimit({ name, points, duration }: LimitOptions): Limit {
  const limiter = new RateLimiterMemory({ keyPrefix: name, points, duration })
  return {
    points,
    async consume(key) {
      await limiter.consume(key)
    },
    async refusalOf(key) {
      const found = await limiter.get(key)
      return found && found.consumedPoints >= points ? found : undefined
    },
  }
}

/** The most that a process takes from a shared limit at once, as a part of the limit. */
const LARGEST_LOT = 1 / 20

/** How much of what it has used in this window it takes ahead. */
const AHEAD = 1 / 4

/** How long the database may take. After that, or an error, this process counts for itself for a while. */
const PATIENCE_MS = 250
const AWAY_MS = 5000

/**
 * How many statements a limit has under way at once: where they hang, on a lock or a slow disk, requests keep the
 * other connections.
 */
const STATEMENTS_AT_ONCE = 2

/** How far the clocks of two processes are apart at most: a window that ends later than it may was begun by a wrong one. */
const CLOCKS_APART_MS = 500

/** What a process has taken of a key's limit and not used yet. */
interface Lot {
  left: number
  /** How many it has used in this window. */
  used: number
  /** When the window ends, in ms of the process's monotonic clock. */
  until: number
  /** Whether nobody can take more in this window. */
  isLast: boolean
  taking: Promise<void> | undefined
}

/**
 * A limit that the processes on a database count together, in its table `rate_limits`. A process takes a lot at
 * a time: so a request seldom waits for the database, and as a lot is at most a quarter of what the process has
 * used, little of the limit is held by processes that do not need it (docs/decisions/0057).
 */
export class SharedLimit implements Limit {
  readonly points: number
  readonly #durationMs: number
  readonly #shared: RLWrapperTimeouts
  readonly #own: RateLimiterMemory
  readonly #lots = new Map<string, Lot>()
  #sweepAt = 0
  #awayUntil = 0

  constructor(pool: Pool, { name, points, duration }: LimitOptions) {
    this.points = points
    this.#durationMs = duration * 1000
    const places = new Semaphore(STATEMENTS_AT_ONCE)
    const query: Pool['query'] = (...statement) => places.runExclusive(() => pool.query(...statement))
    const limiter = new RateLimiterPostgres({
      storeClient: { query },
      storeType: 'pool',
      tableName: 'rate_limits',
      tableCreated: true,
      keyPrefix: name,
      points,
      duration,
    })
    this.#shared = new RLWrapperTimeouts({ limiter, timeoutMs: PATIENCE_MS })
    this.#own = new RateLimiterMemory({ points, duration })
  }

  async consume(key: string): Promise<void> {
    for (;;) {
      const lot = this.#lotOf(key)
      if (lot.left > 0) {
        lot.left -= 1
        lot.used += 1
        return
      }
      if (lot.isLast) throw refused(lot)
      lot.taking ??= this.#take(key, lot).finally(() => {
        lot.taking = undefined
      })
      await lot.taking
    }
  }

  async refusalOf(key: string): Promise<RateLimiterRes | undefined> {
    const lot = this.#lots.get(key)
    const isRefused = lot?.isLast && lot.left === 0 && lot.until > performance.now()
    return isRefused ? refused(lot) : undefined
  }

  /** The lot of the current window. */
  #lotOf(key: string): Lot {
    const now = performance.now()
    const known = this.#lots.get(key)
    if (known && known.until > now) return known
    this.#forgetOld(now)
    const until = now + this.#durationMs
    const lot = { left: 0, used: 0, until, isLast: false, taking: undefined }
    this.#lots.set(key, lot)
    return lot
  }

  #forgetOld(now: number): void {
    if (now < this.#sweepAt) return
    for (const [key, { until }] of this.#lots) if (until <= now) this.#lots.delete(key)
    this.#sweepAt = now + this.#durationMs
  }

  async #take(key: string, lot: Lot): Promise<void> {
    const most = Math.max(1, Math.floor(this.points * LARGEST_LOT))
    const wanted = Math.min(most, Math.max(1, Math.floor(lot.used * AHEAD)))
    const { consumedPoints, msBeforeNext } = await this.#count(key, wanted)
    // The last lot may be a part of what was wanted.
    lot.left = Math.max(0, wanted - Math.max(0, consumedPoints - this.points))
    lot.isLast = consumedPoints >= this.points
    // The end is by the clock of the process that began the window.
    lot.until = performance.now() + Math.min(msBeforeNext, this.#durationMs)
  }

  async #count(key: string, points: number): Promise<RateLimiterRes> {
    if (performance.now() >= this.#awayUntil) {
      try {
        const counted = await resultOf(this.#shared.consume(key, points))
        // A clock that is a day ahead would else begin windows in which the others refuse everybody for a day.
        if (counted.msBeforeNext <= this.#durationMs + CLOCKS_APART_MS) return counted
      } catch {
        // The database is away or slow, which others report.
        this.#awayUntil = performance.now() + AWAY_MS
      }
    }
    return await resultOf(this.#own.consume(key, points))
  }
}

/** The count, be it too high or not. */
async function resultOf(consumed: Promise<RateLimiterRes>): Promise<RateLimiterRes> {
  try {
    return await consumed
  } catch (error) {
    if (error instanceof RateLimiterRes) return error
    throw error
  }
}

const refused = ({ until }: Lot): RateLimiterRes =>
  new RateLimiterRes(0, Math.max(0, until - performance.now()))
