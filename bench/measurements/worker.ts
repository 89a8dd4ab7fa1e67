import { once } from 'node:events'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { pino } from 'pino'
import type { DataDir } from '../../src/data-dir/data-dir.js'
import type { Connection } from '../../src/db/connection.js'
import type { Pool } from '../../src/db/pool.js'
import { createImport } from '../../src/imports/receive/create.js'
import { receiveFile } from '../../src/imports/receive/receive.js'
import { WarningsOfJobs } from '../../src/imports/warnings/of-jobs.js'
import { ChunkMemory } from '../../src/imports/work/memory.js'
import { product } from '../../src/records/product.js'
import { defaultStore } from '../../src/tenants/owners.js'
import { openUploadStores } from '../../src/uploads/stores.js'
import type { WorkerData } from '../../src/worker/messages.js'
import { work } from '../../src/worker/work.js'
import { projectFolder } from '../server.js'
import { noTimes, show } from './compare.js'

const LIMITS = { maxLineBytes: 2 ** 20, maxRecords: undefined, maxUploadBytes: 2 ** 30 }

/** 0013: how long the thread that answers requests is held up while 50,000 products are imported. */
export async function worker(
  pool: Pool,
  connection: Connection,
  dataDir: DataDir,
  runs: number,
): Promise<void> {
  const storesOptions = { folder: { path: join(dataDir.path, 'uploads'), id: dataDir.id } }
  const stores = openUploadStores(storesOptions)
  const logger = pino({ level: 'silent' })
  const starts: Record<string, () => () => Promise<unknown>> = {
    'in the same thread'() {
      const stop = new AbortController()
      const shared = { memory: new ChunkMemory(), warnings: new WarningsOfJobs() }
      const context = { pool, stores, ...shared, logger, emit: () => {} }
      const working = work({ ...context, processId: dataDir.id }, connection, () => false, stop.signal)
      return () => {
        stop.abort()
        return working
      }
    },
    'in a thread of its own'() {
      const workerData: WorkerData = {
        connection,
        processId: dataDir.id,
        stores: storesOptions,
        retentionDays: 0,
        allowPrivateWebhooks: false,
        isPaused: false,
        logLevel: 'silent',
      }
      const thread = new Worker(join(projectFolder(), 'dist', 'worker', 'thread.js'), { workerData })
      const ended = once(thread, 'exit')
      return () => {
        thread.postMessage('stop')
        return ended
      }
    },
  }
  const delays = noTimes(Object.keys(starts))
  const busy = noTimes(Object.keys(starts))
  for (let run = 0; run < runs; run += 1) {
    for (const [variant, start] of Object.entries(starts)) {
      const stop = start()
      await sleep(500)
      const file = await receiveFile(stores.current, LIMITS, productLines(50_000))
      const delay = monitorEventLoopDelay({ resolution: 1 })
      delay.enable()
      const before = performance.eventLoopUtilization()
      const options = { dryRun: false, onConflict: 'reject', maxErrors: undefined, fixes: undefined } as const
      const { id } = file
      const ownerId = await defaultStore(pool)
      const created = {
        ...file,
        ownerId,
        createdBy: 'bench',
        externalRef: undefined,
        options,
        fileName: undefined,
      }
      await createImport(pool, stores.current, created, 1000)
      await finished(pool, id)
      delay.disable()
      busy[variant]?.push(performance.eventLoopUtilization(before).active)
      delays[variant]?.push(delay.max / 1e6)
      await stop()
    }
  }
  show(busy, 'ms in all that the event loop was busy')
  show(delays, 'ms at the longest that it was held up')
}

async function finished(pool: Pool, id: string): Promise<void> {
  const question = 'select from imports where id = $1 and finished_at is not null'
  while ((await pool.query(question, [id])).rowCount === 0) await sleep(20)
}

async function* productLines(count: number): AsyncGenerator<Buffer> {
  for (let n = 0; n < count; n += 100) {
    const lines = Array.from({ length: 100 }, (_, m) =>
      JSON.stringify({
        data: {
          type: product.type,
          attributes: {
            name: `Product number ${n + m}`,
            description: 'As good as any other.'.repeat(8),
            price: { USD: { amount: n } },
          },
        },
      }),
    )
    yield Buffer.from(`${lines.join('\n')}\n`)
  }
}
