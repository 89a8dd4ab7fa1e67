import { setTimeout as sleep } from 'node:timers/promises'
import type { Answer } from '../../support/api.js'
import { STUCK_MS } from './scene.js'

/** Asks until the response is something other than that the service is unavailable. */
export async function answered(ask: () => Promise<Answer>): Promise<Answer> {
  const deadline = Date.now() + STUCK_MS
  for (;;) {
    const answer = await ask().catch(unanswered)
    if (answer && answer.status !== 503) {
      if (answer.status >= 500) throw new Error(toldOf('a request', answer))
      return answer
    }
    if (Date.now() > deadline) throw new Error('The service does not come back.')
    await sleep(25)
  }
}

/**
 * A broken connection is not a response; a response that the service's document does not have is a separate
 * error.
 */
export function unanswered(error: Error): undefined {
  if (error instanceof TypeError || /ECONN|socket|terminated/.test(error.message)) return undefined
  throw error
}

export const toldOf = (what: string, { status, body }: Answer): string =>
  `${what} was answered ${status}: ${JSON.stringify(body)}`
