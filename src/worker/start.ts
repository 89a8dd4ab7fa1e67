import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { WORKER } from '../beside.js'
import type { WorkerEvent } from './events.js'
import type { WorkerData, WorkerOrder } from './messages.js'

export interface RunningWorker {
  /** Lets the jobs reach their next checkpoint, then ends the thread. */
  stop(): Promise<void>
  /** Lets no new job start until it is called with false. */
  pause(isPaused: boolean): void
}

const RESTART_MS = 1000

/**
 * The heap that V8 may use. Chunks are short-lived: a small young generation is collected often, while V8
 * would let it grow by default. Old objects are few; the limit is far above what jobs need.
 */
const HEAP_LIMITS = { maxYoungGenerationSizeMb: 24, maxOldGenerationSizeMb: 512 }

/**
 * Keeps a worker thread running until it is stopped. One that dies is replaced, and its jobs resume from
 * their checkpoints.
 *
 * @param onEvent receives what the thread did.
 */
export function startWorker(
  data: WorkerData,
  logger: Logger,
  onEvent: (event: WorkerEvent) => void,
): RunningWorker {
  let stopping = false
  let { isPaused } = data
  let thread: Worker
  const ended = keepRunning()
  return {
    async stop() {
      stopping = true
      order('stop')
      await ended
    },
    pause(paused) {
      isPaused = paused
      order(paused ? 'pause' : 'resume')
    },
  }

  function order(what: WorkerOrder): void {
    thread.postMessage(what)
  }

  async function keepRunning(): Promise<void> {
    while (!stopping) {
      thread = new Worker(WORKER, {
        workerData: { ...data, isPaused },
        resourceLimits: HEAP_LIMITS,
      })
      thread.on('message', onEvent)
      thread.on('error', (error) => logger.error({ err: error }, 'the worker thread died'))
      await new Promise((resolve) => thread.once('exit', resolve))
      if (!stopping) await sleep(RESTART_MS)
    }
  }
}
