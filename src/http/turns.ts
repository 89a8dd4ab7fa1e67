const waiting: (() => void)[] = []

/**
 * Calls the waiting callbacks one by one, each in its own turn of the event loop, so that others get turns in
 * between.
 */
export function inTurn(callBack: () => void): void {
  waiting.push(callBack)
  if (waiting.length === 1) setImmediate(callNext)
}

function callNext(): void {
  waiting[0]?.()
  waiting.shift()
  if (waiting.length > 0) setImmediate(callNext)
}

/** How long something is processed before it is the turn of others. */
const TURN_MS = 5

/** Long work asks repeatedly whether its turn is over. */
export class Turn {
  #began = performance.now()

  /** Waits for the next turn if this one is over. */
  async next(): Promise<void> {
    if (performance.now() - this.#began < TURN_MS) return
    await new Promise<void>(inTurn)
    this.#began = performance.now()
  }
}
