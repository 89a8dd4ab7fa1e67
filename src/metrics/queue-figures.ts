import { Gauge, Registry } from 'prom-client'
import type { PoolConnections } from '../db/pool.js'
import { type QueueState, queueState } from '../imports/queue/state.js'

/** How long the figures are reused before the database is queried again. */
const CACHE_MS = 5000

/** What takes longer to answer counts as away: a scraper waits only a few seconds. */
export const PATIENCE_MS = 2000

/** Said of the figures that every process reports alike. */
const GLOBAL = 'Of the whole database: the same in each process.'

/** The figures of what waits and runs, which the database has. */
export class QueueFigures {
  readonly registry = new Registry()
  readonly #pool: PoolConnections
  #known: { readonly state: QueueState | undefined; readonly until: number } | undefined
  #asking: Promise<QueueState> | undefined

  readonly #databaseUp = this.#gauge(
    'intake_database_up',
    `Whether the database returned the figures of the queue within ${PATIENCE_MS / 1000} s: 1 or 0.`,
  )
  readonly #queueDepth = this.#gauge('intake_imports', `Imports that have not ended, by status. ${GLOBAL}`, [
    'status',
  ])
  readonly #queueAge = this.#gauge(
    'intake_oldest_import_age_seconds',
    `Time since the oldest import that has not ended was posted, by status; 0 if there is none. ${GLOBAL}`,
    ['status'],
  )
  readonly #silence = this.#gauge(
    'intake_import_silence_seconds',
    `Time since the last progress of the started import that has gone longest without any; 0 if none is started. ${GLOBAL}`,
  )
  readonly #orphans = this.#gauge(
    'intake_expired_leases',
    `Started imports that nobody runs: their worker ended or is silent. ${GLOBAL}`,
  )
  readonly #waitingDeliveries = this.#gauge(
    'intake_webhook_deliveries_waiting',
    `Messages to webhooks that wait for their first or another attempt. ${GLOBAL}`,
  )
  readonly #workers = this.#gauge('intake_workers', `Processes that work on imports. ${GLOBAL}`)

  constructor(pool: PoolConnections) {
    this.#pool = pool
  }

  /** Asks the database, unless it was asked just now. Never throws. */
  async renew(): Promise<void> {
    this.#set(await this.#state())
  }

  #set(state: QueueState | undefined): void {
    this.#databaseUp.set(state ? 1 : 0)
    // Unknown figures are left out: the last known ones would look like a queue that stands still.
    const single = [this.#silence, this.#orphans, this.#waitingDeliveries, this.#workers]
    for (const gauge of [this.#queueDepth, this.#queueAge, ...single]) gauge.reset()
    if (!state) {
      for (const gauge of single) gauge.remove()
      return
    }
    for (const { status, count, oldestSeconds } of state.statuses) {
      this.#queueDepth.set({ status }, count)
      this.#queueAge.set({ status }, oldestSeconds)
    }
    this.#silence.set(state.silenceSeconds)
    this.#orphans.set(state.expiredLeases)
    this.#waitingDeliveries.set(state.waitingDeliveries)
    this.#workers.set(state.workers)
  }

  /** The queue, at most a few seconds old; undefined: the database does not answer. One query at a time. */
  async #state(): Promise<QueueState | undefined> {
    if (this.#known && this.#known.until > performance.now()) return this.#known.state
    this.#asking ??= queueState(this.#pool).finally(() => {
      this.#asking = undefined
    })
    let timer: NodeJS.Timeout | undefined
    const patience = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS, undefined)
    })
    const state = await Promise.race([this.#asking.catch(() => undefined), patience])
    clearTimeout(timer)
    this.#known = { state, until: performance.now() + (state ? CACHE_MS : 0) }
    return state
  }

  #gauge<Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.registry] })
  }
}
