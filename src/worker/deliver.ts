import type { Logger } from 'pino'
import type { Pool } from '../db/pool.js'
import { type ClaimedDelivery, claimDelivery, endAttempt, returnDelivery } from '../webhooks/deliveries.js'
import { send } from '../webhooks/send.js'
import { claimLoop, type Running } from './claim-loop.js'
import type { WorkerEvent } from './events.js'

export interface DeliverContext {
  readonly pool: Pool
  readonly logger: Logger
  /** Receives what was done, to be counted. */
  readonly emit: (event: WorkerEvent) => void
  /** Whether messages may go to hosts within our own network. */
  readonly allowPrivate: boolean
}

/** How many webhooks a process delivers to at once, one message each. */
const AT_ONCE = 32

interface RunningAttempt extends Running {
  readonly webhookId: string
}

/** Delivers what is due until `stop` is signalled; attempts under way are then aborted and given back. */
export async function deliver(context: DeliverContext, stop: AbortSignal): Promise<void> {
  const { pool, logger } = context
  await claimLoop<RunningAttempt>(
    {
      atOnce: AT_ONCE,
      async claim(running) {
        const delivery = await claimDelivery(
          pool,
          [...running].map(({ webhookId }) => webhookId),
        )
        return delivery && { webhookId: delivery.webhookId, done: attempt(context, delivery, stop) }
      },
      failed: (error) =>
        logger.warn({ err: error }, 'the deliveries to webhooks could not be read; trying again'),
    },
    stop,
  )
}

/** Never throws. A delivery whose outcome could not be recorded is repeated when its lease has expired. */
async function attempt(
  { pool, logger: parent, emit, allowPrivate }: DeliverContext,
  delivery: ClaimedDelivery,
  stop: AbortSignal,
): Promise<void> {
  const { id, webhookId, importId, attempts } = delivery
  const logger = parent.child({ import_id: importId, webhook_id: webhookId, delivery_id: id })
  try {
    const sent = await send(delivery, allowPrivate && !delivery.isPublicOnly, stop).catch(() => undefined)
    if (!sent) return await returnDelivery(pool, delivery)
    const outcome = await endAttempt(pool, delivery, sent)
    emit({ kind: 'delivery', outcome })
    if (outcome === 'delivered') logger.info({ attempt: attempts }, 'webhook delivered')
    // Not the response itself, which belongs to the receiver; the log of deliveries has it.
    else logger.warn({ attempt: attempts, outcome }, 'webhook not delivered')
  } catch (error) {
    logger.warn({ err: error }, 'the outcome of a delivery could not be recorded; it will be repeated')
  }
}
