import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { PoolConnections } from './db/pool.js'
import type { Written } from './imports/events.js'
import { FAILURE_REASONS } from './imports/terms.js'
import { PATIENCE_MS, QueueFigures } from './metrics/queue-figures.js'
import { recordTypes } from './records/index.js'
import { availability } from './uploads/availability.js'
import type { S3Request } from './uploads/s3/bucket.js'
import type { UploadStore } from './uploads/store.js'
import type { UploadStores } from './uploads/stores.js'
import { version } from './version.js'
import type { WorkerEvent } from './worker/events.js'

/** In seconds, from a look-up by id to an upload of hours. */
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3600]
const S3_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const CHUNK_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const IMPORT_BUCKETS = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 4 * 3600]

/**
 * The figures of this process for Prometheus; docs/operations/monitoring.md says what each means. The worker
 * thread sends messages about what it did, so that every count is kept in one place. No label contains a
 * name, an id or a reference.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #pool: PoolConnections
  readonly #waitingRequests: () => number
  readonly #queue: QueueFigures
  #stores: UploadStores | undefined

  readonly #requests = this.#histogram(
    'intake_http_request_duration_seconds',
    'How long requests took, by the pattern of their path.',
    ['method', 'route', 'status'],
    REQUEST_BUCKETS,
  )
  readonly #serverErrors = this.#counter('intake_server_errors_total', 'Requests answered with 500.')
  readonly #uploadBytes = this.#counter(
    'intake_upload_bytes_total',
    'Bytes of files received, whether they became imports or not.',
  )
  readonly #chunks = this.#histogram(
    'intake_chunk_duration_seconds',
    'How long the transactions took that write a chunk of an import, including those that failed.',
    ['outcome'],
    CHUNK_BUCKETS,
  )
  readonly #imports = this.#histogram(
    'intake_import_duration_seconds',
    'How long imports took from the POST to their end, by outcome: success, or why they failed.',
    ['outcome'],
    IMPORT_BUCKETS,
  )
  readonly #records = this.#counter(
    'intake_records_total',
    'Records of imports, by type: imported, skipped or rejected. Not those of rehearsals.',
    ['type', 'outcome'],
  )
  readonly #errors = this.#counter(
    'intake_import_errors_total',
    'Entries in the reports of imports, rehearsals included.',
  )
  readonly #interruptions = this.#counter(
    'intake_import_interruptions_total',
    'How often a job was interrupted: because the database was away (outage), by a fault, or because the lease was lost.',
    ['cause'],
  )
  readonly #expired = this.#counter(
    'intake_retention_removed_total',
    'What retention has deleted: uploads, entries of reports, and deliveries to webhooks.',
    ['what'],
  )
  readonly #deliveries = this.#counter(
    'intake_webhook_attempts_total',
    'Attempts to deliver a message to a webhook, by outcome: delivered, postponed or failed for good.',
    ['outcome'],
  )
  readonly #s3Requests = this.#histogram(
    'intake_s3_request_duration_seconds',
    'How long requests to S3 took, with their repetitions, by what was asked and how it ended.',
    ['action', 'outcome'],
    S3_BUCKETS,
  )
  readonly #storesUp = this.#gauge(
    'intake_upload_store_up',
    `Whether uploads can be stored and read, by kind of store: 1 or 0.`,
    ['store'],
  )
  readonly #droppedLines = this.#counter(
    'intake_log_lines_dropped_total',
    'Lines of the log that could not be written, because stderr was full, slow or gone.',
  )
  readonly #connections = this.#gauge(
    'intake_database_connections',
    'Connections of the pools by state, and requests waiting for one.',
    ['pool', 'state'],
  )
  /** @param waitingRequests how many statements and transactions wait for the pool */
  constructor(pool: PoolConnections, waitingRequests: () => number) {
    this.#pool = pool
    this.#waitingRequests = waitingRequests
    this.#queue = new QueueFigures(pool)
    collectDefaultMetrics({ register: this.#registry })
    this.#gauge('intake_build_info', 'Always 1; the label is the version.', ['version']).set(
      { version: version() },
      1,
    )
    // A missing counter cannot be distinguished from one that does not grow, so all are created at the start.
    for (const { type } of recordTypes) {
      for (const outcome of ['imported', 'skipped', 'rejected']) this.#records.inc({ type, outcome }, 0)
    }
    for (const outcome of ['success', ...FAILURE_REASONS]) this.#imports.zero({ outcome })
    for (const cause of ['outage', 'fault', 'lease_lost']) this.#interruptions.inc({ cause }, 0)
    for (const what of ['upload', 'error', 'delivery']) this.#expired.inc({ what }, 0)
    for (const outcome of ['delivered', 'postponed', 'failed']) this.#deliveries.inc({ outcome }, 0)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** @param route the path's pattern; undefined: there is no such route. */
  requestEnded(method: string, route: string | undefined, status: number, seconds: number): void {
    this.#requests.observe({ method, route: route ?? 'none', status }, seconds)
    if (status === 500) this.#serverErrors.inc()
  }

  /** The stores, of which the current one counts what is written to it. */
  counting(stores: UploadStores): UploadStores {
    this.#stores = stores
    return { ...stores, current: this.#countingStore(stores.current) }
  }

  #countingStore(store: UploadStore): UploadStore {
    return {
      ...store,
      create: async (key) => {
        const writer = await store.create(key)
        return {
          ...writer,
          write: async (bytes) => {
            await writer.write(bytes)
            this.#uploadBytes.inc(bytes.length)
          },
        }
      },
    }
  }

  s3Requested({ action, outcome, seconds }: S3Request): void {
    this.#s3Requests.observe({ action, outcome }, seconds)
  }

  logLineDropped(): void {
    this.#droppedLines.inc()
  }

  workerDid(event: WorkerEvent): void {
    switch (event.kind) {
      case 'chunk':
        this.#chunks.observe({ outcome: event.outcome }, event.seconds)
        if (event.outcome === 'committed') this.#count(event.written)
        break
      case 'ended':
        this.#imports.observe({ outcome: event.outcome }, event.seconds)
        // An import that stopped early did not reject what it did not reach, and it may be retried.
        if (!event.dryRun && (event.outcome === 'success' || event.outcome === 'all_rejected')) {
          for (const [type, uploaded] of Object.entries(event.uploaded)) {
            const kept = (event.imported[type] ?? 0) + (event.skipped[type] ?? 0)
            this.#records.inc({ type, outcome: 'rejected' }, uploaded - kept)
          }
        }
        break
      case 'interrupted':
        this.#interruptions.inc({ cause: event.cause })
        break
      case 'expired':
        this.#expired.inc({ what: event.what }, event.count)
        break
      case 'delivery':
        this.#deliveries.inc({ outcome: event.outcome })
        break
      case 's3 request':
        this.s3Requested(event)
        break
      case 'log line dropped':
        this.logLineDropped()
        break
      case 'pool':
        this.#setPool('worker', event)
    }
  }

  /** Per chunk: an import that is canceled and retried ends twice. */
  #count({ imported, skipped, errors }: Written): void {
    for (const [type, count] of Object.entries(imported))
      this.#records.inc({ type, outcome: 'imported' }, count)
    for (const [type, count] of Object.entries(skipped))
      this.#records.inc({ type, outcome: 'skipped' }, count)
    this.#errors.inc(errors)
  }

  /** Everything in Prometheus' text format, with the queue's figures if the database is available. */
  async text(): Promise<string> {
    const { totalCount: total, idleCount: idle, waitingCount: waiting } = this.#pool
    this.#setPool('api', { total, idle, waiting: waiting + this.#waitingRequests() })
    await Promise.all([this.#queue.renew(), this.#lookAtStores()])
    return await Registry.merge([this.#registry, this.#queue.registry]).metrics()
  }

  async #lookAtStores(): Promise<void> {
    if (!this.#stores) return
    for (const [store, isThere] of await availability(this.#stores, PATIENCE_MS)) {
      this.#storesUp.set({ store }, isThere ? 1 : 0)
    }
  }

  #setPool(pool: string, { total, idle, waiting }: PoolUse): void {
    this.#connections.set({ pool, state: 'busy' }, total - idle)
    this.#connections.set({ pool, state: 'idle' }, idle)
    this.#connections.set({ pool, state: 'waiting' }, waiting)
  }

  #counter<Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.#registry] })
  }

  #gauge<Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: [this.#registry] })
  }

  #histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    buckets: number[],
  ) {
    return new Histogram({ name, help, labelNames: [...labelNames], buckets, registers: [this.#registry] })
  }
}

interface PoolUse {
  readonly total: number
  readonly idle: number
  readonly waiting: number
}
