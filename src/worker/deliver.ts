import type { Logger } from 'pino'
import type { Pool } from '../db/pool.js'
import { type ClaimedDelivery, claimDelivery, endAttempt, returnDelivery } from '../webhooks/deliveries.js'
import { send } from '../webhooks/send.js'
import type { WorkerEvent } from './events.js'
import { Bell } from './waker.js'

export interface DeliverContext {
  readonly pool: Pool
  readonly logger: Logger
  /** Is told what was done, to be counted. */
  readonly tell: (event: WorkerEvent) => void
  /** Whether messages may go to hosts within the own network. */
  readonly allowPrivate: boolean
}

/** To so many webhooks one process delivers at once, one message each. */
const AT_ONCE = 32

/** So often it is looked what is due. */
const POLL_MS = 1000

/** Delivers what is due until `stop` is signalled; what is under way then is broken off and given back. */
export async function deliver(context: DeliverContext, stop: AbortSignal): Promise<void> {
  const { pool, logger } = context
  const bell = new Bell()
  stop.addEventListener('abort', () => bell.ring())
  const underWay = new Map<string, Promise<void>>()

  while (!stop.aborted) {
    try {
      while (!stop.aborted && underWay.size < AT_ONCE) {
        const delivery = await claimDelivery(pool, [...underWay.keys()])
        if (!delivery) break
        const running = attempt(context, delivery, stop).finally(() => {
          underWay.delete(delivery.webhookId)
          bell.ring()
        })
        underWay.set(delivery.webhookId, running)
      }
    } catch (error) {
      logger.warn({ err: error }, 'the deliveries to webhooks could not be read; trying again')
    }
    await bell.heard(POLL_MS)
  }
  await Promise.all(underWay.values())
}

/** Never throws. What could not be recorded is delivered once more, when its lease has run out. */
async function attempt(
  { pool, logger: parent, tell, allowPrivate }: DeliverContext,
  delivery: ClaimedDelivery,
  stop: AbortSignal,
): Promise<void> {
  const { id, webhookId, importId, attempts } = delivery
  const logger = parent.child({ import_id: importId, webhook_id: webhookId, delivery_id: id })
  try {
    const sent = await send(delivery, allowPrivate, stop).catch(() => undefined)
    if (!sent) return await returnDelivery(pool, delivery)
    const outcome = await endAttempt(pool, delivery, sent)
    tell({ kind: 'delivery', outcome })
    if (outcome === 'delivered') logger.info({ attempt: attempts }, 'webhook delivered')
    // Not what it answered, which is the receiver's own; the log of deliveries has it.
    else logger.warn({ attempt: attempts, outcome }, 'webhook not delivered')
  } catch (error) {
    logger.warn({ err: error }, 'what came of a delivery could not be recorded; it is made again')
  }
}
